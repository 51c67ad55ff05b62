import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { keys } from '../api/queries'
import type { PeriodName, Summary } from '../api/types'
import { useCan, useIdentity } from '../session/context'
import { useLive, usePushed } from './provider'

/** Has the overview's figures of a period come by themselves, while the live connection is there. */
export function usePushedSummary(period: PeriodName): void {
  const live = useLive()
  const pushed = usePushed()
  const client = useQueryClient()
  const { account } = useIdentity()
  const money = useCan()('finance:read')

  useEffect(() => {
    if (!live) return
    const key = keys.summary(period)
    return live.figures(
      { account: account.id, money, period },
      {
        changed: figures => {
          // What is being read may have been asked for before, and is as old as that.
          void client.cancelQueries({ queryKey: key, exact: true })
          client.setQueryData(key, figures as Summary)
        },
        pushing: is => pushed.set(key, is),
      },
    )
  }, [live, pushed, client, account.id, money, period])
}
