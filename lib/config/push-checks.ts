import type { z } from 'zod';

/** What the checks below need to see of a configuration; the schema gives more. */
interface Checked {
  readonly gateway?:
    | {
        readonly sec3: { readonly sip: readonly { readonly name: string }[] };
        readonly push?:
          | {
              readonly queue: { readonly path: string };
              readonly associations: { readonly path: string };
              readonly dispatch: {
                readonly initialRetryMilliseconds: number;
                readonly maximumRetryMilliseconds: number;
              };
              readonly addresses: readonly {
                readonly recipient: string;
                readonly udp?: string | undefined;
                readonly msisdn?: string | undefined;
              }[];
              readonly carriers: readonly { readonly type: string; readonly target?: string | undefined }[];
            }
          | undefined;
      }
    | undefined;
}

/** The rules that tie keys of `gateway.push` to each other and to the rest: what breaks one could have no effect. */
export function pushChecks({ gateway }: Checked, context: z.RefinementCtx): void {
  const push = gateway?.push;
  if (gateway === undefined || push === undefined) return;
  const problem = (path: (string | number)[], message: string): void => {
    context.addIssue({ code: 'custom', path: ['gateway', 'push', ...path], message });
  };
  if (push.queue.path === push.associations.path) problem(['associations', 'path'], 'another file than that of queue');
  if (push.dispatch.maximumRetryMilliseconds < push.dispatch.initialRetryMilliseconds) {
    problem(['dispatch', 'maximumRetryMilliseconds'], 'at least initialRetryMilliseconds');
  }
  const types = new Set<string>();
  for (const [index, { type, target }] of push.carriers.entries()) {
    if (types.has(type)) problem(['carriers', index, 'type'], 'a type that no other carrier has');
    types.add(type);
    const groups = gateway.sec3.sip.map(({ name }) => name);
    if (target !== undefined && !groups.includes(target)) {
      problem(['carriers', index, 'target'], `the name of a group in gateway.sec3.sip: ${groups.join(', ')}`);
    }
  }
  const recipients = new Set<string>();
  for (const [index, { recipient, udp, msisdn }] of push.addresses.entries()) {
    const path = ['addresses', index];
    if (recipients.has(recipient)) problem([...path, 'recipient'], 'a recipient that has no other entry');
    recipients.add(recipient);
    if (udp === undefined && msisdn === undefined) problem(path, 'udp or msisdn, or both');
    if (udp !== undefined && !types.has('udp')) problem([...path, 'udp'], 'a carrier of type udp beside it');
    if (msisdn !== undefined && !types.has('smpp')) problem([...path, 'msisdn'], 'a carrier of type smpp beside it');
  }
}
