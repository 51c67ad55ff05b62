import { Centrifuge, UnauthorizedError } from 'centrifuge'
import { emulationOf, transportsOf } from './addresses'
import { isEvent, isMessage, type LiveEvent } from './events'
import { Mover } from './mover'
import { Recent } from './recent'

export type ConnectionState = 'connecting' | 'live' | 'reconnecting' | 'offline'

export interface Options {
  /** Base URL of the realtime service, http(s) or ws(s). */
  url: string
  /** A valid access token. */
  token: () => Promise<string>
  /** Gets another token although the present one has time left. */
  renew: () => Promise<void>
  /** Whether a failure of `token` or `renew` means that the session is over, so that there is no use in trying again. */
  isOver: (error: unknown) => boolean
  /** Each event once, those of a channel in their order. */
  onEvent: (event: LiveEvent) => void
  /**
   * Something of this channel was missed, or of any when it is null: what was read of it may be out of date. So it is also
   * with a channel that came or went with what the person may see.
   */
  onGap: (channel: string | null) => void
  /** The connection was lost and is back, and brought all that happened meanwhile. */
  onRecovered: () => void
  onState: (state: ConnectionState) => void
}

const settleMs = 1_000
/** The server's number for a session that was ended: there is no use in connecting again with it. */
const sessionEnded = 4501
/** The server's numbers for too many connections, of the person and of the business. Another may be closed meanwhile. */
const full = [3504, 4502]
const fullRetryMs = 60_000

/** Opens the live connection; the server decides which channels it carries. Returns what closes it. */
export function connect(options: Options): () => void {
  const { url, token, renew, isOver, onEvent, onGap, onRecovered, onState } = options
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
      if (isOver(error)) throw new UnauthorizedError('session over')
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
      if (client === current && isMessage(data)) mover.begin(client, Math.random() * (data.withinMs ?? 0))
    })
    return client
  }

  /** Has the page follow one connection; the one before it ends unnoticed. */
  function follow(client: Centrifuge): void {
    let resuming = wasLive
    let complete = true
    const missed = ({ channel }: { channel: string }) => {
      complete = false
      if (resuming) onGap(channel)
    }
    client.on('connected', () => {
      onState('live')
      // What was read before the channels were joined may have missed a change; the page is let to load first.
      if (!wasLive) firstGap = setTimeout(onGap, settleMs, null)
      const again = wasLive
      resuming = again
      wasLive = true
      complete = true
      // The client tells its channels after that it is connected, in the same breath.
      queueMicrotask(() => {
        if (again && complete) onRecovered()
      })
    })
    client.on('subscribed', context => {
      if (!(context.wasRecovering && context.recovered)) missed(context)
    })
    client.on('unsubscribed', missed)
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
      if (!complete) onGap(null)
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
