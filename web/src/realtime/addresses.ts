import type { TransportEndpoint } from 'centrifuge'

/** The ways to the realtime service, the best first: the client goes on to the next where a network lets one not through. */
export function transportsOf(base: string): TransportEndpoint[] {
  return [
    { transport: 'websocket', endpoint: address(base, 'websocket', 'ws') },
    { transport: 'http_stream', endpoint: address(base, 'http_stream', 'http') },
    // Where something on the way holds back what is no event stream.
    { transport: 'sse', endpoint: address(base, 'sse', 'http') },
  ]
}

/** Where the client sends its commands when its transport brings messages one way only. */
export function emulationOf(base: string): string {
  return address(base, 'emulation', 'http')
}

function address(base: string, path: string, scheme: 'ws' | 'http'): string {
  const url = new URL(base, window.location.href)
  url.protocol = url.protocol.replace(/^(ws|http)/, scheme)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/connection/${path}`
  return url.toString()
}
