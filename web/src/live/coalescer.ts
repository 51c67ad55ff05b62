/**
 * Turns a burst of "this changed" into few runs of the work.
 *
 * The first mark runs at once, so that a single change shows without delay. Marks that come while the work runs, or within
 * the pause after it, are collected into one later run. A burst that goes on widens the pause step by step up to `maxPauseMs`,
 * so that a full copy of the business does not become a request for each record; a quiet spell makes it short again.
 *
 * `hold` may ask for more patience, in milliseconds: it is asked before each run, also the first, until it says 0.
 */
export class Coalescer<K> {
  readonly #work: (keys: ReadonlySet<K>) => Promise<void>
  readonly #pauseMs: number
  readonly #maxPauseMs: number
  readonly #hold: () => number
  #marked = new Set<K>()
  #pause: number
  #busy = false
  #stopped = false
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `work` tells its failures itself: it must not reject. */
  constructor(
    work: (keys: ReadonlySet<K>) => Promise<void>,
    hold: () => number = () => 0,
    pauseMs = 80,
    maxPauseMs = 3_000,
  ) {
    this.#hold = hold
    this.#work = work
    this.#pauseMs = pauseMs
    this.#maxPauseMs = maxPauseMs
    this.#pause = pauseMs
  }

  mark(keys: Iterable<K>): void {
    for (const key of keys) this.#marked.add(key)
    if (!this.#busy && !this.#stopped && this.#marked.size > 0) this.#start()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#marked.clear()
    this.#stopped = true
  }

  #start(): void {
    this.#busy = true
    const hold = this.#hold()
    if (hold > 0) this.#timer = setTimeout(() => this.#start(), hold)
    else void this.#run()
  }

  async #run(): Promise<void> {
    const keys = this.#marked
    this.#marked = new Set()
    await this.#work(keys)
    if (!this.#stopped) this.#timer = setTimeout(() => this.#next(), this.#pause)
  }

  #next(): void {
    if (this.#marked.size > 0) {
      this.#pause = Math.min(this.#pause * 1.5, this.#maxPauseMs)
      this.#start()
      return
    }
    this.#busy = false
    this.#pause = Math.max(this.#pauseMs, this.#pause / 4)
  }
}
