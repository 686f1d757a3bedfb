import type { PeerClient } from './peer.ts';

export interface ExchangeOptions {
  /** A line that was not echoed is sent again after so many milliseconds: data of DTLS is lost as datagrams are. */
  readonly againMilliseconds?: number;
  readonly timeout?: number;
}

/** Sends each line and waits for its echo. */
export async function exchange(
  client: PeerClient,
  lines: readonly string[],
  { againMilliseconds = 400, timeout = 15_000 }: ExchangeOptions = {},
): Promise<void> {
  const deadline = Date.now() + timeout;
  for (const line of lines) {
    let nextSending = 0;
    while (!client.received.includes(line)) {
      if (Date.now() > deadline) {
        throw new Error(
          `no echo of ${JSON.stringify(line.slice(0, 40))}; came: ${JSON.stringify(client.received)}\n${client.output}`,
        );
      }
      if (Date.now() >= nextSending) {
        client.send(line);
        nextSending = Date.now() + againMilliseconds;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
