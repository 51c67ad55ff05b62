import { Centrifuge, UnauthorizedError } from 'centrifuge'
import { ApiError } from '../api/problem'
import type { LiveEvent } from '../api/types'
import { emulationOf, transportsOf } from './addresses'
import { isMove, Mover } from './mover'
import { Recent } from './recent'

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
/** The server's numbers for too many connections, of the person and of the business. Another may be closed meanwhile. */
const full = [3504, 4502]
const fullRetryMs = 60_000

/** Opens the live connection; the server decides which channels it carries. Returns what closes it. */
export function connectLive({ url, token, renew, onEvent, onGap, onState }: LiveOptions): () => void {
  let given = ''
  const getToken = async () => {
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
  }
  const seen = new Recent()
  let wasLive = false
  let firstGap: ReturnType<typeof setTimeout> | undefined
  let retry: ReturnType<typeof setTimeout> | undefined

  function open(first: string): Centrifuge {
    const client = new Centrifuge(transportsOf(url), {
      emulationEndpoint: emulationOf(url),
      minReconnectDelay: 300,
      maxReconnectDelay: 8_000,
      token: first,
      getToken,
    })
    // Two connections bring the same while one takes over from the other.
    client.on('publication', ({ data }) => {
      if (isEvent(data) && seen.isNew(data.id)) onEvent(data)
    })
    client.on('message', ({ data }) => {
      if (client === current && isMove(data)) mover.begin(client, Math.random() * (data.withinMs ?? 0))
    })
    return client
  }

  /** Has the page follow one connection; the one before it ends unnoticed. */
  function follow(client: Centrifuge): void {
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
      if (full.includes(code)) retry = setTimeout(() => client.connect(), fullRetryMs * (1 + Math.random()))
    })
  }

  let current: Centrifuge
  const mover = new Mover(
    () => open(given),
    (next, complete) => {
      end(current)
      current = next
      follow(next)
      // It may have been lost in the very moment.
      if (next.state !== 'connected') onState('reconnecting')
      if (!complete) onGap()
    },
  )
  current = open('')
  mover.watch(current)
  follow(current)

  const offline = () => onState('offline')
  const online = () => onState(current.state === 'connected' ? 'live' : 'reconnecting')
  window.addEventListener('offline', offline)
  window.addEventListener('online', online)
  current.connect()

  return () => {
    clearTimeout(firstGap)
    clearTimeout(retry)
    window.removeEventListener('offline', offline)
    window.removeEventListener('online', online)
    mover.stop()
    end(current)
  }
}

function end(client: Centrifuge): void {
  client.removeAllListeners()
  client.disconnect()
}

/** The session itself tells when it is over; until then the connection shows as what it is. */
function ignore(): void {}

function isEvent(data: unknown): data is LiveEvent {
  if (typeof data !== 'object' || data === null) return false
  const { type, data: payload } = data as Partial<LiveEvent>
  return typeof type === 'string' && typeof payload === 'object' && payload !== null
}
