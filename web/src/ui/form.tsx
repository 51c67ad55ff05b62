import { type FormEvent, type ReactNode, useEffect, useRef } from 'react'
import { ApiError, sentenceOf } from '../api/problem'
import { capital } from '../format/words'
import { Told } from './dialog'
import classes from './form.module.css'

export interface FormProblem {
  /** What is wrong with each field, by its name in the body: `email`, `settings.standard.idleMinutes`. */
  of: Record<string, string | undefined>
  /** What no field of the form can show. */
  general: string | undefined
}

/** Sorts a refusal to the fields of a form. A rule about one entry of a list belongs to the list, with its line. */
export function problemOfForm(error: unknown, names: readonly string[]): FormProblem {
  if (!error) return { of: {}, general: undefined }
  if (!(error instanceof ApiError) || error.fields.length === 0) return { of: {}, general: sentenceOf(error) }
  const of: Record<string, string> = {}
  const rest: string[] = []
  for (const { location, message } of error.fields) {
    const name = names.find(name => location === name || location.startsWith(`${name}[`))
    const line = /\[(\d+)\]$/.exec(location)?.[1]
    const text = sentence(line ? `line ${Number(line) + 1} ${message}` : message)
    if (!name) rest.push(text)
    else of[name] = of[name] ? `${of[name]} ${text}` : text
  }
  return { of, general: rest.length > 0 ? `${error.message} ${rest.join(' ')}` : undefined }
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? capital(text) : `${capital(text)}.`
}

interface Props {
  onSubmit: () => void
  /** What the last submission came to; a new one takes the focus to the first field that is wrong. */
  error: unknown
  general?: string | undefined
  /** Whether it is being sent. Its button cannot be pressed then and loses the focus, which it gets back. */
  busy: boolean
  className?: string | undefined
  children: ReactNode
}

export function Form({ onSubmit, error, general, busy, className, children }: Props) {
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (error) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [error])
  const pressed = useRef<Element | null>(null)
  useEffect(() => {
    if (busy || document.activeElement !== document.body) return
    if (pressed.current instanceof HTMLElement) pressed.current.focus()
  }, [busy])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    pressed.current = document.activeElement
    onSubmit()
  }
  return (
    <form
      ref={form}
      onSubmit={submit}
      noValidate
      className={className ? `${classes.form} ${className}` : classes.form}
    >
      {general && <Told>{general}</Told>}
      {children}
    </form>
  )
}
