import type { Centrifuge } from 'centrifuge'

/** How far a connection has brought each channel. */
type Positions = Map<string, { epoch: string; offset: number }>

/** How long the old connection may take to bring what the new one begins after. */
const patienceMs = 10_000

/**
 * Replaces a connection by another without a gap. The new one brings what happens after its start, so the old one stays
 * until it has brought everything up to there; then it is let go. What both bring is for the caller to take once.
 */
export class Mover {
  readonly #positions = new WeakMap<Centrifuge, Positions>()
  readonly #open: () => Centrifuge
  readonly #moved: (to: Centrifuge, complete: boolean) => void
  #next: Centrifuge | undefined
  #timers: ReturnType<typeof setTimeout>[] = []

  /** `moved` is told of the connection that counts from now on, and whether nothing can have been missed. */
  constructor(open: () => Centrifuge, moved: (to: Centrifuge, complete: boolean) => void) {
    this.#open = open
    this.#moved = moved
  }

  /** Notes how far a connection is, from its beginning. */
  watch(client: Centrifuge): void {
    const positions: Positions = new Map()
    this.#positions.set(client, positions)
    client.on('subscribed', ({ channel, streamPosition, recovered }) => {
      const known = positions.get(channel)
      // What is recovered arrives after this, and until then the connection is where it was.
      if (streamPosition && !(recovered && known?.epoch === streamPosition.epoch)) {
        positions.set(channel, { ...streamPosition })
      }
    })
    client.on('unsubscribed', ({ channel }) => positions.delete(channel))
    client.on('publication', ({ channel, offset }) => {
      const at = positions.get(channel)
      if (at && offset !== undefined) at.offset = Math.max(at.offset, offset)
    })
  }

  /** Moves away from a connection, unless a move is under way. */
  begin(from: Centrifuge, delayMs: number): void {
    if (this.#timers.length > 0) return
    this.#timers.push(setTimeout(() => this.#start(from), delayMs))
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers = []
    this.#next?.removeAllListeners()
    this.#next?.disconnect()
    this.#next = undefined
  }

  #start(from: Centrifuge): void {
    const next = this.#open()
    this.#next = next
    this.watch(next)
    // The client tells its channels after that it is connected, in the same breath.
    next.on('connected', () => queueMicrotask(() => this.#compare(from, next)))
    // Refused for good: the old connection goes on, and is sent to connect again in its time.
    next.on('disconnected', () => this.stop())
    next.connect()
  }

  /** Lets the new connection take over once the old one has come to where it began. */
  #compare(from: Centrifuge, next: Centrifuge): void {
    if (this.#next !== next) return
    const start: Positions = new Map()
    for (const [channel, at] of this.#positions.get(next) ?? []) start.set(channel, { ...at })
    const finish = (complete: boolean) => {
      if (this.#next !== next) return
      this.#next = undefined
      this.stop()
      next.removeAllListeners('connected')
      next.removeAllListeners('disconnected')
      this.#moved(next, complete)
    }
    const look = () => {
      if (this.#reached(from, start)) finish(true)
    }
    from.on('publication', look)
    from.on('subscribed', look)
    this.#timers.push(setTimeout(() => finish(false), patienceMs))
    look()
  }

  #reached(from: Centrifuge, start: Positions): boolean {
    const positions = this.#positions.get(from)
    for (const [channel, { epoch, offset }] of start) {
      const at = positions?.get(channel)
      if (at?.epoch !== epoch || at.offset < offset) return false
    }
    return true
  }
}
