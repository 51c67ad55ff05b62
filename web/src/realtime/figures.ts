import type { Centrifuge, Subscription } from 'centrifuge'

/** The figures of a period, with amounts of money or without. */
export interface FiguresRef {
  account: string
  money: boolean
  period: string
}

/** What a page does with figures that are pushed. */
export interface FiguresUser {
  /** They are this now. */
  changed: (figures: unknown) => void
  /** Whether changes are told at present; while not, the page has to read for itself. */
  pushing: (is: boolean) => void
}

/**
 * The figures of one period, over whichever connection the page follows. The server sends all of them to who comes, and
 * then what differs.
 */
export class Figures {
  readonly #channel: string
  readonly #user: FiguresUser
  #client: Centrifuge | undefined
  #subscription: Subscription | undefined

  constructor({ account, money, period }: FiguresRef, user: FiguresUser) {
    this.#channel = `summary:${account}:${money ? 'money' : 'plain'}:${period}`
    this.#user = user
  }

  /** Has them over a connection. They are not left over the one before, which the caller ends. */
  follow(client: Centrifuge): void {
    this.#subscription?.removeAllListeners()
    this.#client = client
    const subscription = client.newSubscription(this.#channel, { delta: 'fossil' })
    this.#subscription = subscription
    subscription.on('publication', ({ data }) => {
      this.#user.changed(data)
      this.#user.pushing(true)
    })
    subscription.on('subscribing', () => this.#user.pushing(false))
    subscription.on('unsubscribed', () => this.#user.pushing(false))
    subscription.subscribe()
  }

  close(): void {
    this.#user.pushing(false)
    const subscription = this.#subscription
    if (!subscription) return
    subscription.removeAllListeners()
    subscription.unsubscribe()
    this.#client?.removeSubscription(subscription)
    this.#subscription = undefined
  }
}
