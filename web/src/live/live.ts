import { Centrifuge, UnauthorizedError } from 'centrifuge'
import { ApiError } from '../api/problem'
import type { LiveEvent } from '../api/types'

export type ConnectionState = 'connecting' | 'live' | 'reconnecting' | 'offline'

export interface LiveOptions {
  /** Base URL of the realtime service, http(s) or ws(s). */
  url: string
  /** A valid access token; fails with ApiError 401 when the session is over. */
  token: () => Promise<string>
  /** Gets another token although the present one has time left; fails when the session is over, which signs out. */
  renew: () => Promise<void>
  onEvent: (event: LiveEvent) => void
  /** Something may have been missed: read everything again. */
  onGap: () => void
  onState: (state: ConnectionState) => void
}

const settleMs = 1_000
/** The server's number for a session that was ended: there is no use in connecting again with it. */
const sessionEnded = 4501

/** Opens the live connection; the server decides which channels it carries. Returns what closes it. */
export function connectLive({ url, token, renew, onEvent, onGap, onState }: LiveOptions): () => void {
  let given = ''
  const client = new Centrifuge(socketUrl(url), {
    minReconnectDelay: 300,
    maxReconnectDelay: 8_000,
    getToken: async () => {
      try {
        let next = await token()
        // Asked for another while this one lasts: what its bearer may do has changed, so the server takes it no longer.
        if (next === given) {
          await renew()
          next = await token()
        }
        given = next
        return next
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) throw new UnauthorizedError('session over')
        throw error
      }
    },
  })
  let wasLive = false

  let firstGap: ReturnType<typeof setTimeout> | undefined

  client.on('connected', () => {
    onState('live')
    // Recovered channels replay their events, but not every channel can be recovered and figures also move by the clock.
    if (wasLive) onGap()
    // What was read before the channels were joined may have missed a change; the page is let to load first.
    else firstGap = setTimeout(onGap, settleMs)
    wasLive = true
  })
  client.on('connecting', () => {
    onState(navigator.onLine ? (wasLive ? 'reconnecting' : 'connecting') : 'offline')
  })
  client.on('disconnected', ({ code }) => {
    onState('offline')
    if (code === sessionEnded) void renew().then(() => client.connect(), ignore)
  })
  client.on('publication', context => {
    if (isEvent(context.data)) onEvent(context.data)
  })

  const offline = () => onState('offline')
  const online = () => onState(client.state === 'connected' ? 'live' : 'reconnecting')
  window.addEventListener('offline', offline)
  window.addEventListener('online', online)
  client.connect()

  return () => {
    clearTimeout(firstGap)
    window.removeEventListener('offline', offline)
    window.removeEventListener('online', online)
    client.removeAllListeners()
    client.disconnect()
  }
}

/** The session itself tells when it is over; until then the connection shows as what it is. */
function ignore(): void {}

export function socketUrl(base: string): string {
  const url = new URL(base, window.location.href)
  url.protocol = url.protocol.replace('http', 'ws')
  url.pathname = `${url.pathname.replace(/\/$/, '')}/connection/websocket`
  return url.toString()
}

function isEvent(data: unknown): data is LiveEvent {
  if (typeof data !== 'object' || data === null) return false
  const { type, data: payload } = data as Partial<LiveEvent>
  return typeof type === 'string' && typeof payload === 'object' && payload !== null
}
