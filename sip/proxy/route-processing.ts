import {
  isSipUri,
  parseNameAddress,
  parseUri,
  type NameAddress,
  type SipRequest,
  type SipUri,
  type Uri,
} from '../message/index.ts';

export interface ProcessedRoute {
  readonly poppedRoutes: readonly NameAddress[];
  readonly nextHop: Uri;
}

/**
 * Route information preprocessing (RFC 3261 16.4): undoes what a strict router did, takes our own Route entries off,
 * and finds where the request goes next. Undefined when a Route or the Request-URI is malformed.
 */
export function processRoute(request: SipRequest, isLocal: (uri: SipUri) => boolean): ProcessedRoute | undefined {
  restoreRequestUri(request, isLocal);
  const poppedRoutes: NameAddress[] = [];
  for (;;) {
    const top = request.firstValue('Route');
    if (top === undefined) {
      const uri = request.requestUri;
      return uri === undefined ? undefined : { poppedRoutes, nextHop: uri };
    }
    const route = parseNameAddress(top);
    const uri = route === undefined ? undefined : parseUri(route.uri);
    if (route === undefined || uri === undefined) return undefined;
    if (!isSipUri(uri) || !isLocal(uri)) return { poppedRoutes, nextHop: uri };
    poppedRoutes.push(route);
    request.removeFirstValue('Route');
  }
}

/**
 * Makes a request fit for a strict router as its next hop (RFC 3261 16.6 step 6): such a one looks for its own name in the
 * Request-URI, and for the true one at the end of Route.
 */
export function adaptToStrictRouter(request: SipRequest): void {
  if (!request.has('Route')) return;
  const routes = request.values('Route');
  const top = parseNameAddress(routes[0] ?? '');
  const uri = top === undefined ? undefined : parseUri(top.uri);
  if (top === undefined || !isSipUri(uri) || uri.parameters.has('lr')) return;
  request.set('Route', [...routes.slice(1), `<${request.uri}>`].join(', '));
  request.uri = top.uri;
}

/** A strict router put our Record-Route URI into the Request-URI, and the true one at the end of Route. */
function restoreRequestUri(request: SipRequest, isLocal: (uri: SipUri) => boolean): void {
  const uri = request.requestUri;
  if (!isSipUri(uri) || !uri.parameters.has('lr') || !isLocal(uri)) return;
  const routes = request.values('Route');
  const last = parseNameAddress(routes.pop() ?? '');
  if (last === undefined || parseUri(last.uri) === undefined) return;
  const ours = request.uri;
  request.uri = last.uri;
  // Our own entry goes back on top, where the usual processing takes it off and reads it.
  request.set('Route', [`<${ours}>`, ...routes].join(', '));
}
