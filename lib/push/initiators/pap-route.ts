import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { PAP_CONTENT_TYPE, type Initiator, type PapCode, type PushDesk } from '../../../push/index.ts';
import type { PlainCounter } from '../../ops/index.ts';
import { badMessage, PapService } from './pap-service.ts';

export interface PapParts {
  readonly desk: PushDesk;
  /** Labels `protocol` and `outcome`. */
  readonly requests: PlainCounter;
  readonly initiatorOf: (request: FastifyRequest) => Initiator;
  /** The name of the push proxy in addresses. */
  readonly host: string;
}

export const PAP_PATH = '/pap';

/** PAP over HTTP (OMA-TS-PAP 10): the answer of PAP is in the document, and 202 says no more than that there is one. */
export function addPap(server: FastifyInstance, { desk, requests, initiatorOf, host }: PapParts): void {
  const service = new PapService(desk, host);
  // In a scope of its own, since here every body is octets, whatever it calls itself.
  void server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
      done(null, body);
    });
    scope.post<{ Body: unknown }>(PAP_PATH, async (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const { document, result } = await service.serve(
        initiatorOf(request),
        request.headers['content-type'] ?? '',
        body,
      );
      requests.count('pap', String(result.code));
      await reply.code(202).header('content-type', PAP_CONTENT_TYPE).send(document);
    });
  });
}

/** Answers what did not come as far as PAP. */
export async function sendPapProblem(
  reply: FastifyReply,
  status: number,
  result: PapCode,
  detail: string,
): Promise<void> {
  await reply.code(status).header('content-type', PAP_CONTENT_TYPE).send(badMessage(result, detail).document);
}
