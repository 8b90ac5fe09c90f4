import type { Outlet } from './outlet.ts';
import { messageStart } from './shared-result.ts';
import type { WebSocketConnection } from './websocket-connection.ts';
import { textFrame } from './websocket-frame.ts';

/** The outlet of one operation of a WebSocket: its messages differ from others' in the operation's id alone. */
export function webSocketOutlet(connection: WebSocketConnection, operationId: string): Outlet {
  const start = messageStart(operationId);
  return {
    get isFree() {
      return connection.isFree;
    },
    whenFree: () => connection.whenFree(),
    send: ({ messageEnd }) => connection.push(textFrame(start, messageEnd)),
  };
}
