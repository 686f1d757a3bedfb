import { ACCEPTED_SCHEMA, PROBLEM_SCHEMA, STATUS_SCHEMA, SUBMISSION_SCHEMA } from './json-schemas.ts';
import { PROBLEM_CONTENT_TYPE } from './problem.ts';

/** The description of the server (OpenAPI 3.1), served at /openapi.json. */
export function openApiDocument(version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'osgate: pushes',
      version,
      description: 'Hands pushes in for subscribers, cancels them, and tells what became of them.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { digest: [] }, { certificate: [] }],
    paths: {
      '/pushes': { post: post() },
      '/pushes/{id}': { parameters: [ID_PARAMETER], get: get(), delete: cancel() },
      '/pap': { post: pap() },
      '/openapi.json': { get: description() },
    },
    components: {
      schemas: {
        Submission: SUBMISSION_SCHEMA,
        Accepted: ACCEPTED_SCHEMA,
        Status: STATUS_SCHEMA,
        Problem: PROBLEM_SCHEMA,
      },
      responses: { Problem: { description: 'What is wrong.', content: content(PROBLEM_CONTENT_TYPE, 'Problem') } },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        digest: { type: 'http', scheme: 'digest', description: 'RFC 7616 with algorithm=SHA-256 and qop=auth.' },
        certificate: { type: 'mutualTLS' },
      },
    },
  };
}

const ID_PARAMETER = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };

function post(): object {
  return {
    operationId: 'submitPush',
    summary: 'Hand a push in',
    requestBody: { required: true, content: content('application/json', 'Submission') },
    responses: {
      202: {
        description: 'The push is on disk.',
        headers: { Location: { description: 'Where its status can be asked for.', schema: { type: 'string' } } },
        content: content('application/json', 'Accepted'),
      },
      ...problems(400, 401, 403, 404, 408, 409, 413, 415, 429, 500, 503),
    },
  };
}

function get(): object {
  return {
    operationId: 'pushStatus',
    summary: 'Ask what became of a push',
    responses: {
      200: { description: 'What became of it.', content: content('application/json', 'Status') },
      ...problems(401, 403, 404, 500, 503),
    },
  };
}

function cancel(): object {
  return {
    operationId: 'cancelPush',
    summary: 'Cancel a push',
    responses: { 204: { description: 'It is cancelled.' }, ...problems(401, 403, 404, 409, 500, 503) },
  };
}

function pap(): object {
  const document = { 'application/xml': { schema: { type: 'string', description: 'A PAP document.' } } };
  return {
    operationId: 'pap',
    summary: 'Push Access Protocol (OMA-TS-PAP)',
    requestBody: {
      required: true,
      content: {
        'multipart/related': { schema: { type: 'string', contentMediaType: 'multipart/related' } },
        ...document,
      },
    },
    responses: {
      202: { description: 'The answer, in the words of PAP, also to what is refused.', content: document },
      default: { description: 'badmessage-response.', content: document },
    },
  };
}

function description(): object {
  return {
    operationId: 'openapi',
    summary: 'This document',
    security: [],
    responses: {
      200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: { type: 'object' } } } },
    },
  };
}

function content(type: string, schema: string): object {
  return { [type]: { schema: { $ref: `#/components/schemas/${schema}` } } };
}

function problems(...statuses: number[]): object {
  return Object.fromEntries(statuses.map((status) => [status, { $ref: '#/components/responses/Problem' }]));
}
