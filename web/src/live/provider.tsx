import { type QueryKey, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react'
import { pace } from '../api/pace'
import { ApiError } from '../api/problem'
import { configQuery, keys } from '../api/queries'
import type { FieldEvent } from '../api/types'
import type { Connection, ConnectionState, Options } from '../realtime'
import { useSession } from '../session/context'
import { Coalescer } from './coalescer'
import { belongsInFeed, everything, type Touched, touchedBy } from './effects'
import { withEvent } from './feed'
import { watchIdle } from './idle'
import { everyMinute } from './minute'
import { tell } from './notices'
import { Pacer } from './pacer'
import { Pushed } from './pushed'
import { refresh } from './refresh'

const ConnectionContext = createContext<ConnectionState>('connecting')
const LiveContext = createContext<Connection | null>(null)
const PushedContext = createContext(new Pushed())
const EventsContext = createContext<readonly FieldEvent[]>([])

export function useConnection(): ConnectionState {
  return useContext(ConnectionContext)
}

/** The live connection itself; null until there is one to use. */
export function useLive(): Connection | null {
  return useContext(LiveContext)
}

/** Which queries are pushed at present. */
export function usePushed(): Pushed {
  return useContext(PushedContext)
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
  const [live, setLive] = useState<Connection | null>(null)
  const [events, setEvents] = useState<readonly FieldEvent[]>([])
  const [pushed] = useState(() => new Pushed())

  useEffect(() => {
    if (!url) return
    const pacer = new Pacer(pace)
    const coalescer = new Coalescer<Touched>(touched => {
      if (touched.has(everything)) return pacer.run(() => refresh(client, []))
      return pacer.run(() =>
        Promise.all([...touched].map(key => refresh(client, JSON.parse(key) as QueryKey, pushed.has))),
      )
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
        if (over) return
        const connection = connect(options)
        const stopIdle = watchIdle(connection.setIdle)
        setLive(connection)
        close = () => {
          setLive(null)
          stopIdle()
          connection.close()
        }
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
  }, [url, session, client, router, pushed])

  return (
    <ConnectionContext value={state}>
      <LiveContext value={live}>
        <PushedContext value={pushed}>
          <EventsContext value={events}>{children}</EventsContext>
        </PushedContext>
      </LiveContext>
    </ConnectionContext>
  )
}
