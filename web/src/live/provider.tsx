import { type QueryKey, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react'
import { pace } from '../api/pace'
import { ApiError } from '../api/problem'
import { configQuery, keys } from '../api/queries'
import type { FieldEvent } from '../api/types'
import type { ConnectionState, Options } from '../realtime'
import { useSession } from '../session/context'
import { Coalescer } from './coalescer'
import { belongsInFeed, everything, type Touched, touchedBy } from './effects'
import { withEvent } from './feed'
import { everyMinute } from './minute'
import { tell } from './notices'
import { Pacer } from './pacer'
import { refresh } from './refresh'

const ConnectionContext = createContext<ConnectionState>('connecting')
const EventsContext = createContext<readonly FieldEvent[]>([])

export function useConnection(): ConnectionState {
  return useContext(ConnectionContext)
}

/** Events that arrived on the live connection since the page was opened, newest first. */
export function useLiveEvents(): readonly FieldEvent[] {
  return useContext(EventsContext)
}

/** Keeps what is on the screen true: by events while connected, by the clock, and by reading again after a gap. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const session = useSession()
  const client = useQueryClient()
  const router = useRouter()
  const url = useQuery(configQuery()).data?.realtimeUrl
  const [state, setState] = useState<ConnectionState>('connecting')
  const [events, setEvents] = useState<readonly FieldEvent[]>([])

  useEffect(() => {
    if (!url) return
    const pacer = new Pacer(pace)
    const coalescer = new Coalescer<Touched>(touched => {
      const prefixes = touched.has(everything) ? [everything] : [...touched]
      return pacer.run(() => Promise.all(prefixes.map(key => refresh(client, JSON.parse(key) as QueryKey))))
    }, pacer.hold)
    const byClock = () =>
      coalescer.mark([JSON.stringify(keys.summary()), JSON.stringify(keys.lists('visits'))])
    const options: Options = {
      url,
      token: () => session.freshToken(),
      renew: () => session.refresh(),
      isOver: error => error instanceof ApiError && error.status === 401,
      onState: setState,
      onGap: () => coalescer.mark([everything]),
      onRecovered: byClock,
      onEvent: event => {
        if (belongsInFeed(event)) setEvents(known => withEvent(known, event))
        if (event.type !== 'security.signed_in' || !session.isFresh) {
          tell(event, () => void router.navigate({ to: '/settings/sessions' }))
        }
        coalescer.mark(touchedBy(event))
      },
    }
    let close = () => {}
    let over = false
    import('../realtime').then(
      ({ connect }) => {
        if (!over) close = connect(options)
      },
      // Without it the page still works, by reading; it is told as what it is.
      () => setState('offline'),
    )
    const stopClock = everyMinute(byClock)
    return () => {
      over = true
      stopClock()
      close()
      coalescer.stop()
    }
  }, [url, session, client, router])

  return (
    <ConnectionContext value={state}>
      <EventsContext value={events}>{children}</EventsContext>
    </ConnectionContext>
  )
}
