import type { QueryClient, QueryKey } from '@tanstack/react-query'

/**
 * Reads again every query on the screen whose key begins with the prefix, and resolves when that is done.
 *
 * An invalidation does not restart a query's very first read: its answer may be older than the change that caused the
 * invalidation, so such a query is read once more after it.
 */
export async function refresh(client: QueryClient, prefix: QueryKey): Promise<void> {
  const first = client.getQueryCache().findAll({
    queryKey: prefix,
    fetchStatus: 'fetching',
    predicate: query => query.state.data === undefined,
  })
  await client.invalidateQueries({ queryKey: prefix })
  await Promise.all(first.map(query => client.invalidateQueries({ queryKey: query.queryKey, exact: true })))
}
