import Telemetry
import Testing

struct ExpositionFormatTests {
  private static let prometheus2 =
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
  private static let prometheus3 =
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
  private static let prometheus3Protobuf =
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6," + prometheus3
  private static let prometheus3Text = "text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"

  @Test(arguments: [prometheus2, prometheus3, prometheus3Protobuf])
  func `Prometheus gets OpenMetrics`(_ accept: String) {
    #expect(ExpositionFormat(accept: [accept]) == .openMetrics)
  }

  @Test(arguments: [
    [], [""], ["*/*"], ["text/*"], ["text/plain"], ["text/html,application/xhtml+xml,*/*;q=0.8"], ["application/json"],
    [prometheus3Text], ["application/openmetrics-text;version=2.0.0"], ["application/openmetrics-text;q=0, */*"],
    ["application/openmetrics-text; q=0.4, text/plain; q=0.5"], ["nonsense", ";;", "a/b;q=high"],
    ["application/*;q=0.9, text/plain"], ["application/*, text/*"],
  ])
  func `Whoever does not like OpenMetrics better gets the text format`(_ accept: [String]) {
    #expect(ExpositionFormat(accept: accept) == .text)
  }

  @Test(arguments: [
    ["application/openmetrics-text"], ["Application/OpenMetrics-Text; Version=\"1.0.0\""],
    ["text/plain;q=0.5", "application/openmetrics-text;version=1.0.0;q=0.6"],
    ["application/openmetrics-text, text/plain"], ["application/openmetrics-text;q=0.2, text/plain;q=0.1, */*"],
    ["application/*;q=0.9, text/plain;q=0.3"],
  ])
  func `Whoever likes OpenMetrics better gets it`(_ accept: [String]) {
    #expect(ExpositionFormat(accept: accept) == .openMetrics)
  }
}
