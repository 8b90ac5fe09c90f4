const finalText = 0x81;

/**
 * A text in two parts as one message of the WebSocket protocol, as servers send it: whole, and not masked (RFC 6455, section 5.2).
 * Written to thousands of sockets for each change, it must not cost more than its bytes.
 */
export function textFrame(start: Buffer, end: Buffer): Buffer {
  const length = start.length + end.length;
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = finalText;
  if (header === 2) frame[1] = length;
  else if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.set(start, header);
  frame.set(end, header + start.length);
  return frame;
}

/**
 * The same bytes in memory of their own. Small buffers are parts of large ones: a few frames that wait for a client would keep
 * megabytes.
 */
export function apart(frame: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(frame.length);
  own.set(frame);
  return own;
}
