export { AtLeast } from './client/at-least.ts';
export { type EventStreamOptions, eventStream } from './client/event-stream.ts';
export { foldFrames, folding, type Keys } from './client/folding.ts';
export type { Frame, Row } from './client/live-frame.ts';
export { createLiveTransport, type LiveOptions } from './client/live-transport.ts';
export { resuming } from './client/resuming.ts';
export type { OperationRequest, OperationResult, ResultError, Sink, Transport } from './client/transport.ts';
