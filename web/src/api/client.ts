import { QueryClient } from '@tanstack/react-query'
import { ApiError, isPassing } from './problem'

const retries = 2

export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // Events say when something changed; this only covers a page that slept without a connection.
        staleTime: 30_000,
        gcTime: 10 * 60_000,
        retry: (failures, error) => failures < retries && isPassing(error),
        retryDelay: (failures, error) =>
          error instanceof ApiError && error.retryAfter !== undefined
            ? Math.min(error.retryAfter, 60) * 1000
            : Math.min(500 * 2 ** failures, 8_000),
      },
    },
  })
}
