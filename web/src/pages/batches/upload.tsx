import { Button, FileButton } from '@mantine/core'
import { IconDownload, IconUpload } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ApiError, sentenceOf } from '../../api/problem'
import { search } from '../../api/queries'
import type { Batch } from '../../api/types'
import { useSession } from '../../session/context'
import { Told } from '../../ui/dialog'
import { Panel } from '../../ui/panel'
import { tellFailed } from '../../ui/toast'
import classes from './batches.module.css'
import { save } from './save'

/** The most that a file may have, in bytes. The server looks again. */
const mostBytes = 2 * 1024 * 1024

/** Makes a draft of a CSV file, or says all that keeps it from being read. */
export function Upload() {
  const session = useSession()
  const navigate = useNavigate()
  const upload = useMutation({
    mutationFn: (file: File) => {
      if (file.size > mostBytes) {
        throw new ApiError(
          413,
          'too_large',
          'The file is too large: it may have 2 MB. Split it into several.',
        )
      }
      return session.fetch<Batch>(`/api/v1/batches/uploads?${search({ name: file.name.slice(0, 200) })}`, {
        method: 'POST',
        // Spreadsheets and systems name the type in many ways.
        file: new Blob([file], { type: 'text/csv' }),
        idempotencyKey: crypto.randomUUID(),
      })
    },
    onSuccess: batch => void navigate({ to: '/batches/$id', params: { id: batch.id } }),
  })
  const template = useMutation({
    mutationFn: () => session.fetch<Blob>('/api/v1/batches/template', { as: 'file' }),
    onSuccess: file => save(file, 'clients.csv'),
    onError: error => tellFailed('The template could not be fetched', error),
  })
  const problem = upload.error
  const faults = problem instanceof ApiError ? problem.fields : []
  return (
    <Panel title="Import clients">
      <div className={classes.upload}>
        <p>
          A CSV file with one client in each row. Rows with an ID edit that client, the others create one. You
          see what each row does before anything is changed in Jobber.
        </p>
        <div className={classes.actions}>
          <FileButton
            accept=".csv,text/csv"
            onChange={file => file && upload.mutate(file)}
            inputProps={{ 'aria-label': 'CSV file of clients' }}
          >
            {props => (
              <Button
                {...props}
                leftSection={<IconUpload size={16} aria-hidden />}
                loading={upload.isPending}
              >
                Upload a CSV file
              </Button>
            )}
          </FileButton>
          <Button
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            loading={template.isPending}
            onClick={() => template.mutate()}
          >
            Template
          </Button>
        </div>
        {problem && (
          <Told testId="upload-refused">
            {sentenceOf(problem)}
            {faults.length > 0 && (
              <ul className={classes.faults}>
                {faults.map(({ location, message }) => (
                  <li key={location + message}>
                    <strong>{location}</strong> {message}
                  </li>
                ))}
              </ul>
            )}
          </Told>
        )}
      </div>
    </Panel>
  )
}
