/**
 * Turns a burst of "this changed" into few runs of the work.
 *
 * The first mark runs at once, so that a single change shows without delay. Marks that come while the work runs, or within
 * the pause after it, are collected into one later run. A burst that goes on widens the pause step by step up to `maxPauseMs`,
 * so that a full copy of the business does not become a request for each record; a quiet spell makes it short again.
 */
export class Coalescer<K> {
  readonly #work: (keys: ReadonlySet<K>) => Promise<void>
  readonly #pauseMs: number
  readonly #maxPauseMs: number
  #marked = new Set<K>()
  #pause: number
  #busy = false
  #stopped = false
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `work` tells its failures itself: it must not reject. */
  constructor(work: (keys: ReadonlySet<K>) => Promise<void>, pauseMs = 80, maxPauseMs = 3_000) {
    this.#work = work
    this.#pauseMs = pauseMs
    this.#maxPauseMs = maxPauseMs
    this.#pause = pauseMs
  }

  mark(keys: Iterable<K>): void {
    for (const key of keys) this.#marked.add(key)
    if (!this.#busy && !this.#stopped && this.#marked.size > 0) void this.#run()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#marked.clear()
    this.#stopped = true
  }

  async #run(): Promise<void> {
    this.#busy = true
    const keys = this.#marked
    this.#marked = new Set()
    await this.#work(keys)
    if (!this.#stopped) this.#timer = setTimeout(() => this.#next(), this.#pause)
  }

  #next(): void {
    if (this.#marked.size > 0) {
      this.#pause = Math.min(this.#pause * 1.5, this.#maxPauseMs)
      void this.#run()
      return
    }
    this.#busy = false
    this.#pause = Math.max(this.#pauseMs, this.#pause / 4)
  }
}
