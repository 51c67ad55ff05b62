import { Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { jobberUsersQuery, listQuery } from '../../api/queries'
import { useSession } from '../../session/context'

interface Props {
  value: string
  onChange: (value: string) => void
  error: string | undefined
  required: boolean
}

/** Finds a client by the beginnings of its words; there may be many, so the server looks for them. */
export function ClientFilter({ value, onChange, error, required }: Props) {
  const [words, setWords] = useState('')
  const [chosen, setChosen] = useState<{ value: string; label: string }>()
  const [asked] = useDebouncedValue(words, 250)
  const typed = asked === chosen?.label ? '' : asked
  const found = useInfiniteQuery(
    listQuery(useSession(), 'clients', { q: typed || undefined, sort: 'name', limit: 20 }),
  )
  const clients = (found.data?.pages[0]?.items ?? []).map(({ id, name }) => ({
    value: id,
    label: name || id,
  }))
  const all =
    chosen && value === chosen.value && !clients.some(client => client.value === chosen.value)
      ? [chosen, ...clients]
      : clients
  return (
    <Select
      label="Client"
      placeholder={required ? 'Choose one' : 'All'}
      data={all}
      value={value || null}
      onChange={(id, option) => {
        setChosen(id ? { value: id, label: option?.label ?? id } : undefined)
        onChange(id ?? '')
      }}
      searchable
      searchValue={words}
      onSearchChange={setWords}
      // The server has looked already, also where a word is not in the name.
      filter={({ options }) => options}
      nothingFoundMessage={found.isPending ? 'Looking…' : 'No such client'}
      clearable={!required}
      required={required}
      error={error}
    />
  )
}

export function TeamFilter({ value, onChange, error }: Props) {
  const users = useQuery(jobberUsersQuery(useSession())).data ?? []
  const teams = new Map(users.filter(({ team }) => team).map(({ team, teamName }) => [team, teamName]))
  return (
    <Select
      label="Team"
      placeholder="All"
      data={[...teams].map(([team, name]) => ({ value: team ?? '', label: name || (team ?? '') }))}
      value={value || null}
      onChange={team => onChange(team ?? '')}
      clearable
      error={error}
    />
  )
}

export function PersonFilter({ value, onChange, error }: Props) {
  const users = useQuery(jobberUsersQuery(useSession())).data ?? []
  return (
    <Select
      label="Person"
      placeholder="All"
      data={users.map(({ id, name }) => ({ value: id, label: name || id }))}
      value={value || null}
      onChange={id => onChange(id ?? '')}
      searchable
      clearable
      error={error}
    />
  )
}
