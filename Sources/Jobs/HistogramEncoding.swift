/// The encoding "V2" of HdrHistogram, uncompressed, which its libraries in every language read: a head of 40 bytes, then
/// the counts as ZigZag LEB128 numbers, a run of n empty places as −n (`encodeIntoByteBuffer` of HdrHistogram's
/// `AbstractHistogram`; numbers of the head are big-endian).
package enum HistogramEncoding {
  private static let cookie: UInt32 = 0x1C84_9303 | 0x10
  private static let headBytes = 40
  /// No index is greater: that of the greatest 63-bit value.
  private static let places = HistogramLayout.index(of: UInt64.max >> 1) + 1

  package static func encode(_ distribution: LatencyDistribution) -> [UInt8] {
    var payload: [UInt8] = []
    payload.reserveCapacity(3 * distribution.bins.count)
    var next = 0
    for bin in distribution.bins {
      let gap = bin.index - next
      if gap > 0 { append(gap == 1 ? 0 : Int64(-gap), to: &payload) }
      append(Int64(clamping: bin.count), to: &payload)
      next = bin.index + 1
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(headBytes + payload.count)
    bytes.appendBigEndian(cookie)
    bytes.appendBigEndian(UInt32(payload.count))
    bytes.appendBigEndian(UInt32(0))  // normalizing offset
    bytes.appendBigEndian(UInt32(HistogramLayout.significantDigits))
    bytes.appendBigEndian(UInt64(1))  // lowest discernible value
    bytes.appendBigEndian(LatencyDistribution.longest)
    bytes.appendBigEndian((1.0).bitPattern)  // ratio of integers to values
    return bytes + payload
  }

  /// - Parameters:
  ///   - sum, maximum: of the durations, in microseconds; they stand beside the histogram.
  /// - Returns: `nil` for what is no histogram of ``encode(_:)``'s kind.
  package static func decode(_ bytes: [UInt8], sum: UInt64, maximum: UInt64) -> LatencyDistribution? {
    guard bytes.count >= headBytes, bytes.bigEndian(at: 0, 4) == UInt64(cookie),
      bytes.bigEndian(at: 4, 4) == UInt64(bytes.count - headBytes), bytes.bigEndian(at: 8, 4) == 0,
      bytes.bigEndian(at: 12, 4) == UInt64(HistogramLayout.significantDigits), bytes.bigEndian(at: 16, 8) == 1
    else { return nil }
    var bins: [LatencyDistribution.Bin] = []
    var index = 0
    var position = headBytes
    while position < bytes.count {
      guard let value = number(in: bytes, at: &position) else { return nil }
      let step = value < 0 ? value.magnitude : 1
      guard step <= UInt64(places - index) else { return nil }
      if value > 0 { bins.append(.init(index: index, count: UInt64(value))) }
      index += Int(step)
    }
    return LatencyDistribution(bins: bins, sum: sum, maximum: maximum)
  }

  /// ZigZag, then seven bits a byte, the lowest first; the ninth byte has eight.
  private static func append(_ value: Int64, to bytes: inout [UInt8]) {
    var rest = UInt64(bitPattern: (value << 1) ^ (value >> 63))
    for _ in 0..<8 {
      if rest < 0x80 { return bytes.append(UInt8(rest)) }
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private static func number(in bytes: [UInt8], at position: inout Int) -> Int64? {
    var value: UInt64 = 0
    for place in 0..<9 {
      guard position < bytes.count else { return nil }
      let byte = bytes[position]
      position += 1
      value |= UInt64(place < 8 ? byte & 0x7F : byte) << UInt64(7 * place)
      if byte < 0x80 || place == 8 { break }
    }
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }
}

extension [UInt8] {
  fileprivate mutating func appendBigEndian(_ value: some FixedWidthInteger & UnsignedInteger) {
    for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  fileprivate func bigEndian(at offset: Int, _ length: Int) -> UInt64 {
    self[offset..<(offset + length)].reduce(0) { $0 << 8 | UInt64($1) }
  }
}
