import { createHash } from 'node:crypto';

/** A subscriber made for scenarios: everything follows from its number, so that two processes agree on it. */
export interface ScenarioSubscriber {
  readonly impi: string;
  readonly impu: string;
  /** 32 hexadecimal digits. */
  readonly k: string;
  /** 32 hexadecimal digits. */
  readonly opc: string;
}

export const DOMAIN = 'example.com';

/** Subscriber `number`, from 0: the IMSI range of test networks, MCC 001, MNC 01. */
export function scenarioSubscriber(number: number): ScenarioSubscriber {
  const imsi = `00101${String(number).padStart(10, '0')}`;
  return {
    impi: `${imsi}@ims.mnc001.mcc001.3gppnetwork.org`,
    impu: `sip:user${number}@${DOMAIN}`,
    k: digest(`k ${imsi}`),
    opc: digest(`opc ${imsi}`),
  };
}

/** CSV for `osgate subscriber import`. */
export function subscribersCsv(subscribers: readonly ScenarioSubscriber[]): string {
  const rows = subscribers.map(({ impi, impu, k, opc }) => `${impi},${impu},${k},${opc},0000,000000000000`);
  return ['impi,impus,k,opc,amf,sqn', ...rows, ''].join('\n');
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
