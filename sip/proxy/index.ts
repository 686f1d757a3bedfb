export { ProxyCore, type ProxyCoreOptions } from './proxy-core.ts';
export type { AckContext, ProxyContext, ProxyHandler, ProxyTarget } from './proxy-handler.ts';
export type { ProxyRefusal } from './proxy-refusal.ts';
