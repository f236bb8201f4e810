#include <signal.h>
#include <sysexits.h>

#include <Standard_Failure.hxx>
#include <Standard_OutOfMemory.hxx>
#include <cstdio>
#include <new>
#include <string>
#include <vector>

#include "crash_report.h"
#include "export_glb.h"
#include "extract_metadata.h"
#include "failure.h"
#include "kernel_messages.h"
#include "memory_watch.h"
#include "protocol.h"
#include "request.h"
#include "sample_bearing.h"
#include "text.h"
#include "version.h"

namespace stepworks {

namespace {

const char* const kHelp =
    "stepworks-cad: reads STEP files for the Stepworks job processor\n"
    "\n"
    "  stepworks-cad REQUEST.json                 run one request in the working directory\n"
    "  stepworks-cad sample bearing OUTPUT.step   write a sample assembly\n"
    "  stepworks-cad --version                    versions as one JSON line\n"
    "\n"
    "A request: {\"operation\": \"extract_metadata\" or \"export_glb\", \"source\": "
    "\"/path/part.step\",\n"
    "  \"name\": base name of the outputs,\n"
    "  \"source_sha256\", \"input_semantic_sha256\", \"derivation_key\": digests,\n"
    "  \"parameters\": {\n"
    "    extract_metadata: \"density_kg_m3\"\n"
    "    export_glb: \"preset\" (preview, production, hero), \"chord_mm\", \"angle_degrees\",\n"
    "                \"triangle_budget\", \"byte_budget\", \"on_deviation\" (warn, fail),\n"
    "                \"variant\" (none, meshopt)}}\n"
    "\n"
    "Standard output carries JSON lines: progress, log, and last a result or an error.\n"
    "Exit status: 0 done, 64 bad request, 65 bad input, 66 input missing, 70 own fault,\n"
    "73 output cannot be created, 74 output cannot be written.\n";

Json run(const std::vector<std::string>& arguments, std::string& subject) {
  if (arguments.size() == 3 && arguments[0] == "sample" && arguments[1] == "bearing") {
    subject = fileName(arguments[2]);
    installCrashReport(subject);
    return writeSampleBearing(arguments[2]);
  }
  if (arguments.size() != 1) {
    throw badRequest("Give one request file, or: sample bearing OUTPUT.step; see --help.");
  }
  const Request request = readRequest(arguments[0]);
  subject = request.sourceName;
  installCrashReport(subject);
  return request.operation == Request::Operation::extractMetadata ? extractMetadata(request)
                                                                  : exportGlb(request);
}

int guardedRun(const std::vector<std::string>& arguments) {
  std::string subject = "the request";
  Failure failure = ownFault("");
  const auto needsMemory = [&] {
    return outOfMemory(subject + " needs more memory than the job may use; allow more.");
  };
  try {
    protocol::result(run(arguments, subject));
    return EX_OK;
  } catch (const Failure& caught) {
    failure = caught;
  } catch (const Standard_OutOfMemory&) {
    failure = needsMemory();
  } catch (const std::bad_alloc&) {
    failure = needsMemory();
  } catch (const Standard_Failure& caught) {
    failure = ownFault("The CAD kernel failed on " + subject + " (" +
                       cleaned(caught.GetMessageString()).substr(0, 200) +
                       "); export the file again from the CAD system.");
  } catch (const std::exception& caught) {
    failure = ownFault("The CAD tool failed on " + subject + " (" + cleaned(caught.what()) +
                       "); report this with the file.");
  }
  const bool blamesFileOrKernel = failure.exitCode == EX_DATAERR || failure.exitCode == EX_SOFTWARE;
  if (blamesFileOrKernel && memoryIsExhausted()) failure = needsMemory();
  protocol::error(failure);
  return failure.exitCode;
}

}  // namespace

}  // namespace stepworks

int main(int count, char** values) {
  using namespace stepworks;
  // A write to a closed pipe or past a size limit must be an error that is reported.
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  const std::vector<std::string> arguments(values + 1, values + count);
  if (arguments.size() == 1 && (arguments[0] == "--help" || arguments[0] == "-h")) {
    return std::fputs(kHelp, stdout) < 0 ? EX_IOERR : EX_OK;
  }
  protocol::claimStandardOutput();
  if (arguments.size() == 1 && arguments[0] == "--version") {
    protocol::line(
        {{"tool", kToolName}, {"version", kToolVersion}, {"opencascade", kKernelVersion}});
    return EX_OK;
  }
  redirectKernelMessages();
  return guardedRun(arguments);
}
