import { integer, list, section, token } from './values.ts';

/** `requires`: what a subscriber's user security settings must have. */
export function requirements() {
  return list(
    section({
      gsid: integer(0, 0xffff_ffff).describe('The GBA service identifier of a user security setting.'),
      flags: list(integer(0, 0xffff_ffff), 'a list of flags')
        .default([])
        .describe('Flags that the setting must have, all of them; by default the setting need only be there.'),
    }),
    'a list of groups of gsid and flags',
    1,
  );
}

/** The `gateway.policy` section. */
export function policySection() {
  return section({
    methods: list(
      section({
        methods: list(token('a SIP method'), 'a list of SIP methods', 1).describe('The methods.'),
        requires: requirements().describe(
          'What an agent’s user security settings must have to use them, at least one of these; also inside dialogs.',
        ),
      }),
      'a list of groups of methods and requires',
    )
      .default([])
      .describe('Methods that not every agent may use. Others are for everybody who is let in.'),
  });
}
