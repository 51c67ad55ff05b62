import { Centrifuge, UnauthorizedError } from 'centrifuge'
import { ApiError } from '../api/problem'
import type { FieldEvent } from '../api/types'

export type ConnectionState = 'connecting' | 'live' | 'reconnecting' | 'offline'

export interface LiveOptions {
  /** Base URL of the realtime service, http(s) or ws(s). */
  url: string
  /** A valid access token; fails with ApiError 401 when the session is over. */
  token: () => Promise<string>
  onEvent: (event: FieldEvent) => void
  /** Something may have been missed: read everything again. */
  onGap: () => void
  onState: (state: ConnectionState) => void
}

const settleMs = 1_000

/** Opens the live connection; the server decides which channels it carries. Returns what closes it. */
export function connectLive({ url, token, onEvent, onGap, onState }: LiveOptions): () => void {
  const client = new Centrifuge(socketUrl(url), {
    minReconnectDelay: 300,
    maxReconnectDelay: 8_000,
    getToken: async () => {
      try {
        return await token()
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
  client.on('disconnected', () => onState('offline'))
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

export function socketUrl(base: string): string {
  const url = new URL(base, window.location.href)
  url.protocol = url.protocol.replace('http', 'ws')
  url.pathname = `${url.pathname.replace(/\/$/, '')}/connection/websocket`
  return url.toString()
}

function isEvent(data: unknown): data is FieldEvent {
  if (typeof data !== 'object' || data === null) return false
  const { id, type, data: payload } = data as Partial<FieldEvent>
  return typeof id === 'string' && typeof type === 'string' && typeof payload === 'object' && payload !== null
}
