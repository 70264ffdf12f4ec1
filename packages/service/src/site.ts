/** What hosting the page takes, apart from the API: for the page's own build, and for its tests. */
export { listen, type RunningServer } from './http/listening.ts';
export { CONTENT_SECURITY_POLICY } from './http/page-policy.ts';
export { staticFiles } from './http/static-server.ts';
