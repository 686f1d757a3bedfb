import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { SUBMISSION_REFUSALS, type Initiator, type PushDesk } from '../../../push/index.ts';
import type { PlainCounter } from '../../ops/index.ts';
import { SUBMISSION_SCHEMA } from './json-schemas.ts';
import { problem, PROBLEM_CONTENT_TYPE, statusOfSubmissionRefusal, type Problem } from './problem.ts';
import { acceptedJson, statusJson, submissionOf, type SubmissionBody } from './push-json.ts';

export interface JsonApiParts {
  readonly desk: PushDesk;
  /** Labels `protocol` and `outcome`. */
  readonly requests: PlainCounter;
  readonly initiatorOf: (request: FastifyRequest) => Initiator;
}

/** The routes of the JSON API (openapi.ts describes them). */
export function addJsonApi(server: FastifyInstance, parts: JsonApiParts): void {
  const { desk, requests, initiatorOf } = parts;
  const refuse = async (reply: FastifyReply, found: Problem): Promise<void> => {
    requests.count('json', found.code);
    await sendProblem(reply, found);
  };

  server.post<{ Body: SubmissionBody }>('/pushes', { schema: { body: SUBMISSION_SCHEMA } }, async (request, reply) => {
    const reading = submissionOf(request.body);
    if (!reading.ok) return refuse(reply, problem(400, reading.code, reading.detail));
    const outcome = await desk.submit(initiatorOf(request), reading.submission);
    if (!outcome.accepted) {
      const { reason, retryAfterMilliseconds } = outcome;
      const status = statusOfSubmissionRefusal(reason);
      if (status === 429 || status === 503) {
        reply.header('retry-after', Math.ceil((retryAfterMilliseconds ?? DEFAULT_RETRY_MILLISECONDS) / 1000));
      }
      return refuse(reply, problem(status, reason, SUBMISSION_REFUSALS[reason]));
    }
    requests.count('json', 'accepted');
    const { message } = outcome;
    await reply
      .code(202)
      .header('location', `/pushes/${encodeURIComponent(message.id)}`)
      .send(acceptedJson(message));
  });

  server.get<{ Params: { id: string } }>('/pushes/:id', async (request, reply) => {
    const status = await desk.status(initiatorOf(request), request.params.id);
    if (status === undefined) return refuse(reply, UNKNOWN);
    requests.count('json', 'status');
    await reply.send(statusJson(status));
  });

  server.delete<{ Params: { id: string } }>('/pushes/:id', async (request, reply) => {
    const outcome = await desk.cancel(initiatorOf(request), request.params.id);
    if (outcome === 'unknown') return refuse(reply, UNKNOWN);
    if (outcome === 'too-late') return refuse(reply, TOO_LATE);
    requests.count('json', 'cancelled');
    await reply.code(204).send();
  });
}

export async function sendProblem(reply: FastifyReply, found: Problem): Promise<void> {
  // Stringified here: what fastify serialises it would label application/json.
  await reply.code(found.status).header('content-type', PROBLEM_CONTENT_TYPE).send(JSON.stringify(found));
}

/** When a queue is full nobody knows for how long. */
const DEFAULT_RETRY_MILLISECONDS = 5000;

const UNKNOWN = problem(404, 'push-unknown', 'the initiator has no push with that id, or it ended long ago');
const TOO_LATE = problem(409, 'too-late', 'the push has ended, or may be on its way');
