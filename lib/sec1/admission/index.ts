export { AdmissionEvents } from './admission-events.ts';
export { AdmissionGate, type AdmissionGateOptions } from './admission-gate.ts';
export { EdgeAdmission } from './edge-admission.ts';
export { Overload, type OverloadOptions } from './overload.ts';
