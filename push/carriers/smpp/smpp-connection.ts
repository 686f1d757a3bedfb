import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Duplex } from 'node:stream';

/** TLS to the SMSC. PEM texts. */
export interface SmppTls {
  /** The authorities that may have signed the certificate of the SMSC; by default those that Node.js comes with. */
  readonly authorities?: string;
  /** The name in the certificate of the SMSC, where it is not the host. */
  readonly serverName?: string;
  readonly certificate?: string;
  readonly privateKey?: string;
}

/** Where the SMSC is. */
export interface SmppEndpoint {
  readonly host: string;
  readonly port: number;
  readonly tls?: SmppTls;
}

/** A stream to the SMSC; calls `ready` when it is connected, and its certificate is good. Errors are events of the stream. */
export function connectSmsc({ host, port, tls }: SmppEndpoint, ready: () => void): Duplex {
  if (tls === undefined) return connectTcp({ host, port, noDelay: true }, ready);
  const { authorities, serverName, certificate, privateKey } = tls;
  const name = serverName ?? (isIP(host) === 0 ? host : undefined);
  return connectTls(
    {
      host,
      port,
      minVersion: 'TLSv1.2',
      ...(name === undefined ? {} : { servername: name }),
      ...(authorities === undefined ? {} : { ca: authorities }),
      ...(certificate === undefined ? {} : { cert: certificate }),
      ...(privateKey === undefined ? {} : { key: privateKey }),
    },
    ready,
  ).setNoDelay(true);
}
