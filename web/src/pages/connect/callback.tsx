import { Loader } from '@mantine/core'
import { IconCircleCheck, IconPlugConnectedX } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useEffect } from 'react'
import { ApiError } from '../../api/problem'
import { keys } from '../../api/queries'
import { useSubmission } from '../../api/submission'
import type { JobberAccount } from '../../api/types'
import { useSession } from '../../session/context'
import { Empty } from '../../ui/empty'
import { ButtonLink } from '../../ui/link'
import { Page } from '../../ui/page'
import classes from './connect.module.css'

const route = getRouteApi('/signed-in/connect/jobber')

/** Where Jobber sends people back to after they allowed, or refused, the connection. */
export function ConnectJobber() {
  const { code, state, error } = route.useSearch()
  return (
    <Page title="Connecting Jobber">
      <div className={classes.callback}>
        {code && state && !error ? <Exchange code={code} state={state} /> : <Refused error={error} />}
      </div>
    </Page>
  )
}

function Exchange({ code, state }: { code: string; state: string }) {
  const session = useSession()
  const queries = useQueryClient()
  const submission = useSubmission()
  // A query rather than a mutation: its key makes the single-use code spent once, however often the page is drawn.
  const exchange = useQuery({
    queryKey: ['exchange', state],
    queryFn: () =>
      session.fetch<{ jobberAccount: JobberAccount }>('/api/v1/jobber/connections', {
        method: 'POST',
        body: { code, state },
        idempotencyKey: submission.keyOf(state),
      }),
    retry: false,
    staleTime: 'static',
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  })

  useEffect(() => {
    if (!exchange.isSuccess) return
    void queries.invalidateQueries({ queryKey: keys.sync })
    void queries.invalidateQueries({ queryKey: keys.summary() })
  }, [exchange.isSuccess, queries])

  if (exchange.isPending) {
    return (
      <output className={classes.progress}>
        <Loader size="sm" aria-hidden />
        Finishing the connection with Jobber…
      </output>
    )
  }
  if (exchange.isError) return <Refused problem={exchange.error} />
  return (
    <Empty
      icon={IconCircleCheck}
      title={`${exchange.data.jobberAccount?.name || 'Jobber'} is connected`}
      action={<ButtonLink to="/">Go to the overview</ButtonLink>}
    >
      Its records are being copied now. The figures fill in while you watch.
    </Empty>
  )
}

function Refused({ error, problem }: { error?: string | undefined; problem?: Error }) {
  const { title, text } = explain(error, problem)
  return (
    <div role="alert" style={{ display: 'flex', flex: 1 }}>
      <Empty
        icon={IconPlugConnectedX}
        title={title}
        action={<ButtonLink to="/connect">Back to Jobber connection</ButtonLink>}
      >
        {text}
      </Empty>
    </div>
  )
}

function explain(error: string | undefined, problem: Error | undefined): { title: string; text: string } {
  if (error === 'access_denied') {
    return {
      title: 'Jobber was not connected',
      text: 'Access was refused in Jobber. Connect again and choose to allow it.',
    }
  }
  if (problem instanceof ApiError) {
    if (problem.unreachable) {
      return { title: 'Fieldboard could not be reached', text: 'Check your connection, then connect again.' }
    }
    if (problem.status === 403) {
      return {
        title: 'Not open to your role',
        text: 'Only the owner of your Fieldboard account can connect Jobber.',
      }
    }
    // Which of the two accounts is taken already is known to the server alone; its sentence is for people.
    if (problem.status === 409) return { title: 'This Jobber account cannot be used', text: problem.message }
    if (problem.status >= 400 && problem.status < 500) {
      return {
        title: 'The connection took too long',
        text: 'Jobber’s permission is good for ten minutes and for one use. Connect again.',
      }
    }
    return {
      title: 'Jobber did not answer',
      text: 'The connection could not be finished. Connect again in a moment.',
    }
  }
  return {
    title: 'Jobber was not connected',
    text: 'Jobber sent no permission. Connect again from the connection page.',
  }
}
