import { useEffect, useState } from 'react'
import type { Collection } from '../api/types'
import type { Viewer } from '../realtime'
import { useIdentity, useScope } from '../session/context'
import { useLive } from './provider'

const nobody: Viewer[] = []

/** The other members who look at a record now. Nobody where one may not see the record. */
export function useViewers(collection: Collection, id: string): Viewer[] {
  const live = useLive()
  const { account, member } = useIdentity()
  const scope = useScope()
  const money = collection === 'invoices' || collection === 'payments'
  const may = scope('record:read') !== undefined && (!money || scope('finance:read') !== undefined)
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
