import { type QueryKey, useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react'
import { configQuery, keys } from '../api/queries'
import type { FieldEvent } from '../api/types'
import { useSession } from '../session/context'
import { Coalescer } from './coalescer'
import { belongsInFeed, everything, type Touched, touchedBy } from './effects'
import { withEvent } from './feed'
import { type ConnectionState, connectLive } from './live'
import { everyMinute } from './minute'

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
  const url = useQuery(configQuery()).data?.realtimeUrl
  const [state, setState] = useState<ConnectionState>('connecting')
  const [events, setEvents] = useState<readonly FieldEvent[]>([])

  useEffect(() => {
    if (!url) return
    const coalescer = new Coalescer<Touched>(async touched => {
      const prefixes = touched.has(everything) ? [everything] : [...touched]
      await Promise.all(
        prefixes.map(key => client.invalidateQueries({ queryKey: JSON.parse(key) as QueryKey })),
      )
    })
    const close = connectLive({
      url,
      token: () => session.freshToken(),
      onState: setState,
      onGap: () => coalescer.mark([everything]),
      onEvent: event => {
        if (belongsInFeed(event)) setEvents(known => withEvent(known, event))
        coalescer.mark(touchedBy(event))
      },
    })
    const stopClock = everyMinute(() =>
      coalescer.mark([JSON.stringify(keys.summary()), JSON.stringify(keys.lists('visits'))]),
    )
    return () => {
      stopClock()
      close()
      coalescer.stop()
    }
  }, [url, session, client])

  return (
    <ConnectionContext value={state}>
      <EventsContext value={events}>{children}</EventsContext>
    </ConnectionContext>
  )
}
