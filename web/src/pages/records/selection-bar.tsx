import { Button, CloseButton, TagsInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { sentenceOf } from '../../api/problem'
import { useSubmission } from '../../api/submission'
import type { Batch, Collection } from '../../api/types'
import { plural } from '../../format/number'
import { nounOf } from '../../format/words'
import { useSession } from '../../session/context'
import { Dialog, DialogFoot, Told } from '../../ui/dialog'
import { tellFailed } from '../../ui/toast'
import { actionsFor, type Selection, type SelectionAction } from './selection'
import classes from './selection-bar.module.css'

/** What can be done with what is selected. Each makes a draft, which shows what it will do before anything is done. */
export function SelectionBar({ collection, selection }: { collection: Collection; selection: Selection }) {
  const session = useSession()
  const navigate = useNavigate()
  const submission = useSubmission()
  const [asking, setAsking] = useState<SelectionAction>()
  const noun = nounOf(collection)
  const draft = useMutation({
    mutationFn: ({ action, tags }: { action: SelectionAction; tags?: string[] }) => {
      const body = { action: action.action, ids: selection.ids, ...(tags ? { tags } : {}) }
      return session.fetch<Batch>('/api/v1/batches', {
        method: 'POST',
        body,
        idempotencyKey: submission.keyOf(body),
      })
    },
    onSettled: (_, error) => submission.settled(error ?? undefined),
    onSuccess: batch => void navigate({ to: '/batches/$id', params: { id: batch.id } }),
    onError: (error, { action }) => {
      if (!action.tags) tellFailed('Nothing was prepared', error)
    },
  })
  return (
    <div className={classes.bar} role="toolbar" aria-label="With the selection" data-testid="selection-bar">
      <span className={classes.count} role="status">
        {plural(selection.ids.length, noun.one, noun.many)} selected
      </span>
      {actionsFor(collection).map(action => (
        <Button
          key={action.action}
          variant="default"
          size="xs"
          loading={draft.isPending && draft.variables.action === action}
          disabled={draft.isPending}
          onClick={() => (action.tags ? setAsking(action) : draft.mutate({ action }))}
        >
          {action.label}
        </Button>
      ))}
      <CloseButton size="sm" aria-label="Select nothing" onClick={selection.clear} />
      {asking && (
        <AskTags
          action={asking}
          busy={draft.isPending}
          failure={draft.error ? sentenceOf(draft.error) : undefined}
          onClose={() => {
            setAsking(undefined)
            draft.reset()
          }}
          onTags={tags => draft.mutate({ action: asking, tags })}
        />
      )}
    </div>
  )
}

function AskTags({
  action,
  busy,
  failure,
  onClose,
  onTags,
}: {
  action: SelectionAction
  busy: boolean
  failure: string | undefined
  onClose: () => void
  onTags: (tags: string[]) => void
}) {
  const [tags, setTags] = useState<string[]>([])
  return (
    <Dialog opened onClose={onClose} title={action.label}>
      <TagsInput
        label="Tags"
        description="Press Enter after each."
        value={tags}
        onChange={setTags}
        maxTags={20}
        acceptValueOnBlur
        data-autofocus
      />
      {failure && <Told>{failure}</Told>}
      <DialogFoot>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button disabled={tags.length === 0} loading={busy} onClick={() => onTags(tags)}>
          Preview
        </Button>
      </DialogFoot>
    </Dialog>
  )
}
