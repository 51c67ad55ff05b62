import { Button, Skeleton, Textarea } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useId, useState } from 'react'
import { keys, taskPayloadQuery } from '../../api/queries'
import { useSession } from '../../session/context'
import { Failure } from '../../ui/failure'
import { Form, problemOfForm } from '../../ui/form'
import { tellDone } from '../../ui/toast'
import { useReread } from './actions'
import classes from './task-details.module.css'

/** What a task that failed was to do, to be mended and sent again. `onDirty` is told whether there are changes. */
export function PayloadEditor({ id, onDirty }: { id: string; onDirty: (dirty: boolean) => void }) {
  const payload = useQuery(taskPayloadQuery(useSession(), id))
  const heading = useId()
  const stored = payload.data === undefined ? undefined : JSON.stringify(payload.data, null, 2)
  return (
    <section className={classes.section} aria-labelledby={heading}>
      <h3 id={heading}>What it is to do</h3>
      {stored !== undefined ? (
        // Another text is another draft: it failed again at once, with what was sent.
        <Editor key={stored} id={id} stored={stored} onDirty={onDirty} />
      ) : payload.isError ? (
        <Failure error={payload.error} onRetry={() => void payload.refetch()} />
      ) : (
        <Skeleton height={180} />
      )}
    </section>
  )
}

/** A text that is no JSON. */
class Unreadable extends Error {}

function Editor({ id, stored, onDirty }: { id: string; stored: string; onDirty: (dirty: boolean) => void }) {
  const session = useSession()
  const queries = useQueryClient()
  const reread = useReread()
  const [text, setText] = useState(stored)
  const send = useMutation({
    mutationFn: () =>
      session.fetch(`/api/v1/tasks/${encodeURIComponent(id)}/payload`, {
        method: 'PUT',
        body: { payload: parsed(text) },
      }),
    onSuccess: async () => {
      tellDone('The task begins anew with what you wrote.')
      await Promise.all([reread(id), queries.invalidateQueries({ queryKey: keys.taskPayload(id) })])
    },
  })
  const dirty = text !== stored
  useEffect(() => {
    onDirty(dirty)
    return () => onDirty(false)
  }, [dirty, onDirty])
  const problem = problemOfForm(send.error, ['payload'])
  const error =
    send.error instanceof Unreadable
      ? send.error.message
      : [problem.of.payload, problem.general].filter(Boolean).join(' ')
  return (
    <Form onSubmit={() => send.mutate()} error={send.error} busy={send.isPending}>
      <Textarea
        aria-label="What it is to do, as JSON"
        rows={Math.min(18, Math.max(6, stored.split('\n').length + 1))}
        spellCheck={false}
        autoComplete="off"
        value={text}
        onChange={event => {
          send.reset()
          setText(event.currentTarget.value)
        }}
        error={error || undefined}
        classNames={{ input: classes.code, error: classes.codeError }}
      />
      <div className={classes.buttons}>
        <Button
          variant="default"
          size="xs"
          disabled={!dirty || send.isPending}
          onClick={() => {
            send.reset()
            setText(stored)
          }}
        >
          Undo the changes
        </Button>
        <Button type="submit" size="xs" disabled={!dirty} loading={send.isPending}>
          Save and try again
        </Button>
      </div>
    </Form>
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Unreadable(`This is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}
