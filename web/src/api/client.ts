import { QueryClient } from '@tanstack/react-query'
import { ApiError, isPassing } from './problem'

const retries = 2
/** Who is asked to wait and does is let in sooner or later: that is no failure to show. */
const patience = 8

export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // Events say when something changed; this only covers a page that slept without a connection.
        staleTime: 30_000,
        gcTime: 10 * 60_000,
        retry: (failures, error) =>
          isPassing(error) && failures < (isAskedToWait(error) ? patience : retries),
        // Those that were refused together do not come back together.
        retryDelay: (failures, error) =>
          error instanceof ApiError && error.retryAfter !== undefined
            ? Math.min(error.retryAfter, 60) * 1000 * (1 + Math.random())
            : Math.min(500 * 2 ** failures, 8_000),
      },
    },
  })
}

function isAskedToWait(error: unknown): boolean {
  return error instanceof ApiError && error.status === 429 && error.retryAfter !== undefined
}
