import type { Pace } from '../api/pace'

/** Live reading leaves this share of what the server allows to the person at the page. */
const reserve = 0.25
/** What happens after a spell as quiet as this is shown at once, out of the reserve if it must be. */
const quietMs = 10_000
/** How many requests a run takes, before one has shown it. */
const usualCost = 6

/** Slows live reading down when little is left of what the server allows, instead of running into a refusal. */
export class Pacer {
  readonly #pace: Pace
  #cost = usualCost
  #ended = Number.NEGATIVE_INFINITY

  constructor(pace: Pace) {
    this.#pace = pace
  }

  /** Runs the work and learns how many requests it takes. */
  async run(work: () => Promise<unknown>): Promise<void> {
    const before = this.#pace.answers
    await work()
    // A single small run does not mean that the next is small.
    this.#cost = Math.max(this.#pace.answers - before, Math.floor(this.#cost / 2), 1)
    this.#ended = Date.now()
  }

  /** Milliseconds to wait before the next run. */
  hold = (): number => this.#pace.wait(this.#cost, Date.now() - this.#ended > quietMs ? 0 : reserve)
}
