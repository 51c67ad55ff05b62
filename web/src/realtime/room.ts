import type { Centrifuge, ClientInfo, Subscription } from 'centrifuge'

/** A record of an account. */
export interface RecordRef {
  account: string
  collection: string
  id: string
}

/** Somebody who looks at a record. */
export interface Viewer {
  /** The member's. */
  id: string
  name: string
  /** None of their pages with the record has been touched for some minutes, or all are hidden. */
  idle: boolean
}

/** Who leaves is shown for so long: a connection that is replaced by another is no news. */
const lingerMs = 700
/** How often it is asked who is there, while somebody is: those of a server that died leave without a word. */
const askMs = 20_000

/** The people who look at one record, over whichever connection the page follows. */
export class Room {
  readonly #channel: string
  readonly #changed: (viewers: Viewer[]) => void
  /** By connection: a person can have several. */
  readonly #people = new Map<string, Viewer>()
  readonly #leaving = new Map<string, ReturnType<typeof setTimeout>>()
  /** What was told while it was asked who is there, and may be newer than the answer. */
  #meanwhile: (() => void)[] | undefined
  #asking: ReturnType<typeof setInterval> | undefined
  #client: Centrifuge | undefined
  #subscription: Subscription | undefined

  constructor({ account, collection, id }: RecordRef, changed: (viewers: Viewer[]) => void) {
    this.#channel = `record:${account}:${collection}:${id}`
    this.#changed = changed
  }

  /** Enters over a connection. It is not left over the one before, which the caller ends. */
  follow(client: Centrifuge): void {
    this.#subscription?.removeAllListeners()
    clearInterval(this.#asking)
    this.#client = client
    const subscription = client.newSubscription(this.#channel)
    this.#subscription = subscription
    const ask = () => void this.#ask(subscription)
    subscription.on('subscribed', ask)
    subscription.on('join', ({ info }) => this.#hear(() => this.#join(info)))
    subscription.on('leave', ({ info }) => this.#hear(() => this.#leave(info.client)))
    // Refused for good.
    subscription.on('unsubscribed', () => this.#replace([]))
    this.#asking = setInterval(() => {
      if (this.#people.size > 1) ask()
    }, askMs)
    subscription.subscribe()
  }

  close(): void {
    clearInterval(this.#asking)
    for (const timer of this.#leaving.values()) clearTimeout(timer)
    this.#leaving.clear()
    const subscription = this.#subscription
    if (!subscription) return
    subscription.removeAllListeners()
    subscription.unsubscribe()
    this.#client?.removeSubscription(subscription)
    this.#subscription = undefined
  }

  async #ask(subscription: Subscription): Promise<void> {
    this.#meanwhile ??= []
    try {
      const { clients } = await subscription.presence()
      if (subscription === this.#subscription) this.#replace(Object.values(clients))
    } catch {
      // It is asked again when the connection is back, and with the next turn.
    } finally {
      const meanwhile = this.#meanwhile ?? []
      this.#meanwhile = undefined
      for (const told of meanwhile) told()
    }
  }

  #hear(told: () => void): void {
    this.#meanwhile?.push(told)
    told()
  }

  #join(info: ClientInfo): void {
    const viewer = viewerOf(info)
    if (!viewer) return
    this.#stay(info.client)
    this.#people.set(info.client, viewer)
    this.#tell()
  }

  #leave(connection: string): void {
    this.#stay(connection)
    const gone = setTimeout(() => {
      this.#leaving.delete(connection)
      if (this.#people.delete(connection)) this.#tell()
    }, lingerMs)
    this.#leaving.set(connection, gone)
  }

  #stay(connection: string): void {
    clearTimeout(this.#leaving.get(connection))
    this.#leaving.delete(connection)
  }

  #replace(infos: ClientInfo[]): void {
    this.#people.clear()
    for (const info of infos) {
      const viewer = viewerOf(info)
      if (viewer) this.#people.set(info.client, viewer)
    }
    this.#tell()
  }

  #tell(): void {
    const members = new Map<string, Viewer>()
    for (const viewer of this.#people.values()) {
      const known = members.get(viewer.id)
      members.set(viewer.id, known ? { ...known, idle: known.idle && viewer.idle } : viewer)
    }
    this.#changed([...members.values()].sort((a, b) => a.name.localeCompare(b.name)))
  }
}

function viewerOf({ user, chanInfo }: ClientInfo): Viewer | undefined {
  const { name, idle } = (chanInfo ?? {}) as { name?: unknown; idle?: unknown }
  return typeof name === 'string' && name !== '' ? { id: user, name, idle: idle === true } : undefined
}
