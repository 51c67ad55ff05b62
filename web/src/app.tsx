import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { newQueryClient } from './api/client'
import { newRouter } from './router'
import { SessionProvider } from './session/context'
import type { Session } from './session/session'
import { cssVariables, theme } from './theme'

export function App({ session }: { session: Session }) {
  const [client] = useState(newQueryClient)
  const [router] = useState(() => newRouter())

  // What one person was shown is never kept for the next.
  useEffect(
    () =>
      session.subscribe(() => {
        if (session.state.status !== 'signedOut') return
        client.getMutationCache().clear()
        client.removeQueries({ predicate: query => !query.meta?.open })
      }),
    [session, client],
  )

  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <Notifications position="bottom-right" />
      <QueryClientProvider client={client}>
        <SessionProvider session={session}>
          <RouterProvider router={router} />
        </SessionProvider>
      </QueryClientProvider>
    </MantineProvider>
  )
}
