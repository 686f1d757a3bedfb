import { z } from 'zod';

import type { DeepReadonly } from './schema.ts';
import { choice, count, type FilePath, host, integer, list, milliseconds, port, section, text } from './values.ts';

/** `gateway.push.carriers`, type `smpp`: short messages over an SMSC. */
export function smppCarrierSection(file: FilePath) {
  return section({
    type: z.literal('smpp').describe('Short messages: SMPP 3.4 to an SMSC.'),
    host: host().describe('The SMSC.'),
    port: port().min(1, { error: 'a number from 1 to 65535' }).default(2775).describe('Its TCP port.'),
    tls: section({
      authorities: file
        .optional()
        .describe('PEM file: the authorities that may have signed its certificate; by default those of Node.js.'),
      serverName: host().optional().describe('The name in its certificate, where that is not `host`.'),
      certificate: file.optional().describe('PEM file: the certificate of the gateway, where the SMSC asks for one.'),
      privateKey: file.optional().describe('PEM file: the private key of that certificate.'),
    })
      .refine(({ certificate, privateKey }) => (certificate === undefined) === (privateKey === undefined), {
        error: 'certificate and privateKey, or neither of them',
      })
      .optional()
      .describe('TLS in place of bare TCP.'),
    systemId: ascii(1, 15).describe('system_id: the name that the SMSC knows the gateway by.'),
    password: z
      .union(
        [
          section({ file: file.describe('File with the password: at most 8 characters.') }),
          section({
            environment: text('the name of an environment variable', (name) =>
              /^[A-Za-z_][A-Za-z0-9_]*$/.test(name),
            ).describe('Environment variable with the password.'),
          }),
        ],
        { error: 'either file or environment, and only one of them' },
      )
      .describe('Where the password for the SMSC is; SMPP sends it as it is.'),
    systemType: ascii(0, 12).default('').describe('system_type: a word that some SMSCs want.'),
    serviceType: ascii(0, 5).default('').describe('service_type: a word that some SMSCs want with each message.'),
    source: section({
      address: ascii(0, 20).default('').describe('source_addr; empty lets the SMSC choose.'),
      ton: integer(0, 6).default(0).describe('Type of number: 0 unknown, 1 international, 3 network specific.'),
      npi: integer(0, 18).default(0).describe('Numbering plan: 0 unknown, 1 E.164.'),
    })
      .prefault({})
      .describe('Where short messages come from.'),
    destination: section({
      ton: integer(0, 6).default(1).describe('Type of number: 1 international, 2 national.'),
      npi: integer(0, 18).default(1).describe('Numbering plan: 1 E.164.'),
    })
      .prefault({})
      .describe('What kind of number those of subscribers are.'),
    ports: section({
      destination: port().default(2948).describe('Where agents listen: WAP push, connectionless.'),
      source: port().default(9200).describe('Where it comes from.'),
    })
      .prefault({})
      .describe('WDP ports in the user data header.'),
    referenceBits: z
      .union([z.literal(8), z.literal(16)], { error: '8 or 16' })
      .default(8)
      .describe('Size of the reference that joins the parts of a long message.'),
    maximumSegments: integer(1, 255).default(6).describe('Short messages for one push; a larger one is not sent.'),
    applicationCodes: list(
      section({
        applicationId: text('an application identifier').describe('The application, as initiators name it.'),
        code: integer(0, 0xffff_ffff).describe('Its number in the registry of the OMA.'),
      }),
      'a list of applications and their codes',
    )
      .default([])
      .describe('Applications that X-Wap-Application-Id has a number for; others are written out.'),
    receipts: choice(['none', 'failure', 'all'])
      .default('failure')
      .describe('What the SMSC is asked to tell: a failure ends the attempt before the agent is waited for in vain.'),
    maximumAwaitedReceipts: count().default(10_000).describe('Messages whose receipts are waited for at once.'),
    maximumValiditySeconds: integer(60, 5_443_200)
      .default(259_200)
      .describe('The longest time that the SMSC is asked to try (validity_period), if the push does not end before.'),
    maximumOutstanding: integer(1, 1000).default(10).describe('submit_sm without a response at once: the window.'),
    maximumWaiting: count()
      .default(1000)
      .describe('submit_sm that wait for their turn; while there are that many, pushes are put off.'),
    submitsPerSecond: integer(1, 10_000).default(100).describe('submit_sm in a second.'),
    throttlePauseMilliseconds: milliseconds()
      .default(5000)
      .describe('For how long nothing is sent after the SMSC answered that it has too much to do.'),
    responseTimeoutMilliseconds: milliseconds()
      .default(10_000)
      .describe('How long the SMSC may take for a connection, and for a response.'),
    enquireLinkMilliseconds: milliseconds()
      .default(30_000)
      .describe('Between two enquire_link; without an answer the connection is made anew.'),
    initialReconnectMilliseconds: milliseconds()
      .default(1000)
      .describe('Between a lost connection and the next attempt, doubled with each one that fails.'),
    maximumReconnectMilliseconds: milliseconds().default(60_000).describe('The longest time between attempts.'),
    maximumPduOctets: integer(400, 70_000)
      .default(16_384)
      .describe('The longest PDU that is read; a longer one ends the connection.'),
    maximumUnsentOctets: integer(1024, 16_777_216)
      .default(262_144)
      .describe('Octets that the SMSC has not taken; more of them end the connection.'),
    uplinkPerSecond: integer(1, 100_000)
      .default(100)
      .describe('Messages of agents in a second; for further ones the SMSC is told to come again later.'),
    reassembly: section({
      maximumMessages: count().default(1000).describe('Long messages of agents that wait for parts at once.'),
      maximumMessagesPerSender: count().default(4).describe('Of those, how many may be of one number.'),
      maximumSegments: integer(1, 255).default(8).describe('Parts of one long message; one with more is dropped.'),
      timeoutMilliseconds: milliseconds().default(60_000).describe('How long the parts may take.'),
    })
      .prefault({})
      .describe('Long messages of agents.'),
  });
}

/** The section with every default filled in. */
export type SmppCarrierConfig = DeepReadonly<z.infer<ReturnType<typeof smppCarrierSection>>>;

function ascii(minimum: number, maximum: number) {
  return text(
    `${minimum === 0 ? 'at most' : `${minimum} to`} ${maximum} printable characters of US-ASCII`,
    (value) => value.length >= minimum && value.length <= maximum && /^[\x20-\x7e]*$/.test(value),
  );
}
