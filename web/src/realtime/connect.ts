import { Centrifuge, State, UnauthorizedError } from 'centrifuge'
import { emulationOf, transportsOf } from './addresses'
import { PostedEventSource } from './event-source'
import { isEvent, isMessage, type LiveEvent } from './events'
import { Figures, type FiguresRef, type FiguresUser } from './figures'
import { Mover } from './mover'
import { Recent } from './recent'
import { type RecordRef, Room, type Viewer } from './room'

export type ConnectionState = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'ended'

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
/** The server's number for a connection that an administrator ended. It comes again when the person wants it to. */
const letGo = 4503
const fullRetryMs = 60_000

/** The live connection of a page. */
export interface Connection {
  /** Looks at a record: tells of everybody who does, this page's member too, and at each change. Returns what ends it. */
  look: (at: RecordRef, changed: (viewers: Viewer[]) => void) => () => void
  /** Has the figures of a period pushed. Returns what ends it. */
  figures: (of: FiguresRef, user: FiguresUser) => () => void
  /** Whether somebody sits before the page. */
  setIdle: (idle: boolean) => void
  /** Connects again after the state `ended`; otherwise it does so by itself. */
  reconnect: () => void
  close: () => void
}

/** Opens the live connection; the server decides which channels of events it carries. */
export function connect(options: Options): Connection {
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
  /** What the page asked for by itself, which goes on over every connection. */
  const asked = new Set<Room | Figures>()
  let idle = false
  let ended = false
  let wasLive = false
  let firstGap: ReturnType<typeof setTimeout> | undefined
  let retry: ReturnType<typeof setTimeout> | undefined

  function open(first: string): Centrifuge {
    const client = new Centrifuge(transportsOf(url), {
      emulationEndpoint: emulationOf(url),
      eventsource: PostedEventSource,
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
      if (idle) tellIdle(client)
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
    for (const one of asked) one.follow(client)
    client.on('connecting', () => {
      onState(navigator.onLine ? (wasLive ? 'reconnecting' : 'connecting') : 'offline')
    })
    client.on('disconnected', ({ code }) => {
      ended = code === letGo
      onState(ended ? 'ended' : 'offline')
      if (code === sessionEnded) void renew().then(() => client.connect(), ignore)
      if (full.includes(code)) retry = setTimeout(() => client.connect(), fullRetryMs * (1 + Math.random()))
    })
  }

  function tellIdle(client: Centrifuge): void {
    // A connection that is not there, or goes meanwhile, is told once it is back.
    if (client.state === State.Connected) client.rpc('activity', { idle }).catch(ignore)
  }

  let current: Centrifuge
  const mover = new Mover(
    () => open(given),
    (next, complete) => {
      const last = current
      current = next
      follow(next)
      if (idle) tellIdle(next)
      end(last)
      // It may have been lost in the very moment.
      if (next.state !== 'connected') onState('reconnecting')
      if (!complete) onGap(null)
    },
  )
  current = open('')
  mover.watch(current)
  follow(current)

  const offline = () => {
    if (!ended) onState('offline')
  }
  const online = () => {
    if (!ended) onState(current.state === 'connected' ? 'live' : 'reconnecting')
  }
  window.addEventListener('offline', offline)
  window.addEventListener('online', online)
  current.connect()

  function ask(one: Room | Figures): () => void {
    asked.add(one)
    one.follow(current)
    return () => {
      asked.delete(one)
      one.close()
    }
  }

  return {
    look: (at, changed) => ask(new Room(at, changed)),
    figures: (of, user) => ask(new Figures(of, user)),
    reconnect: () => {
      if (!ended) return
      ended = false
      current.connect()
    },
    setIdle: is => {
      if (is === idle) return
      idle = is
      tellIdle(current)
    },
    close: () => {
      clearTimeout(firstGap)
      clearTimeout(retry)
      window.removeEventListener('offline', offline)
      window.removeEventListener('online', online)
      mover.stop()
      for (const one of asked) one.close()
      asked.clear()
      end(current)
    },
  }
}

function end(client: Centrifuge): void {
  client.removeAllListeners()
  client.disconnect()
}

/** The session itself tells when it is over, and the connection when it is back; until then it shows as what it is. */
function ignore(): void {}
