import { hashKey, type QueryKey } from '@tanstack/react-query'

/** The queries whose changes are pushed, so that an event is no reason to read them. */
export class Pushed {
  readonly #queries = new Set<string>()

  set(query: QueryKey, is: boolean): void {
    if (is) this.#queries.add(hashKey(query))
    else this.#queries.delete(hashKey(query))
  }

  has = (query: { queryHash: string }): boolean => this.#queries.has(query.queryHash)
}
