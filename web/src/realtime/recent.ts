/** The ids of the latest events, so that one that comes over two connections is taken once. */
export class Recent {
  readonly #ids = new Set<string>()
  readonly #most: number

  constructor(most = 2_000) {
    this.#most = most
  }

  /** Whether it was not asked of this id before. An event without one is always new. */
  isNew(id: string | undefined): boolean {
    if (id === undefined) return true
    if (this.#ids.has(id)) return false
    this.#ids.add(id)
    for (const oldest of this.#ids) {
      if (this.#ids.size <= this.#most) break
      this.#ids.delete(oldest)
    }
    return true
  }
}
