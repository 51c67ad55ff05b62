import type { Query, QueryClient, QueryKey } from '@tanstack/react-query'

/**
 * Reads again every query on the screen whose key begins with the prefix, but for those that are pushed, and resolves when
 * that is done.
 *
 * An invalidation does not restart a query's very first read: its answer may be older than the change that caused the
 * invalidation, so such a query is read once more after it.
 */
export async function refresh(
  client: QueryClient,
  prefix: QueryKey,
  isPushed: (query: Query) => boolean = () => false,
): Promise<void> {
  const predicate = (query: Query) => !isPushed(query)
  const first = client.getQueryCache().findAll({
    queryKey: prefix,
    fetchStatus: 'fetching',
    predicate: query => query.state.data === undefined && predicate(query),
  })
  await client.invalidateQueries({ queryKey: prefix, predicate })
  await Promise.all(first.map(query => client.invalidateQueries({ queryKey: query.queryKey, exact: true })))
}
