import { useEffect, useState } from 'react'
import type { Collection } from '../api/types'
import type { Viewer } from '../realtime'
import { useCan, useIdentity } from '../session/context'
import { useLive } from './provider'

const nobody: Viewer[] = []

/** The other members who look at a record now. Nobody where one may not see every record of its kind. */
export function useViewers(collection: Collection, id: string): Viewer[] {
  const live = useLive()
  const { account, member } = useIdentity()
  const can = useCan()
  const money = collection === 'invoices' || collection === 'payments'
  const may = can('record:read') && (!money || can('finance:read'))
  const [viewers, setViewers] = useState(nobody)

  useEffect(() => {
    if (!live || !may) return
    const leave = live.look({ account: account.id, collection, id }, all =>
      setViewers(all.filter(viewer => viewer.id !== member.id)),
    )
    return () => {
      leave()
      setViewers(nobody)
    }
  }, [live, may, account.id, member.id, collection, id])

  return viewers
}
