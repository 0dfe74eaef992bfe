/** Pictures on the map: states of a what-if and numbers of an order of repairs. One declaration serves the map, the legend and the tables. */

export type State = 'changed' | 'stopped' | 'none' | 'part' | 'reading'

export interface Look {
  colour: string
  /** outline and sign as SVG paths in a box of 16 by 16 */
  shape: string
  sign: string
}

/** Told apart by shape and sign as well as by colour; the worst first. */
export const STATES: Record<State, Look> = {
  changed: { colour: '#0b5cad', shape: 'M8 .5 15.5 8 8 15.5 .5 8z', sign: 'M8 4.8v6.4M4.8 8h6.4' },
  stopped: { colour: '#b3261e', shape: 'M5 1h6l4 4v6l-4 4H5l-4-4V5z', sign: 'M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6' },
  none: { colour: '#6a1b7a', shape: 'M8 .8 15.8 15H.2z', sign: 'M8 6.2v4M8 12.2v.9' },
  part: { colour: '#8a5a00', shape: 'M8 1a7 7 0 1 1 0 14a7 7 0 1 1 0-14z', sign: 'M4.8 8h6.4' },
  reading: { colour: '#31597f', shape: 'M2 2h12v12H2z', sign: 'M8 4v8M5.8 6.2 8 4l2.2 2.2M5.8 9.8 8 12l2.2-2.2' },
}

/** Outlines of the teams of an order of repairs, in turn. */
const OUTLINES = ['M8 1a7 7 0 1 1 0 14a7 7 0 1 1 0-14z', 'M1.5 1.5h13v13h-13z', 'M8 0 16 8 8 16 0 8z', 'M4.5 1h7L15.500 8l-4 7h-7L.5 8z']
const TEAMS = ['#1f5fa8', '#a8430b', '#22663a', '#7a2f7e', '#555555', '#7d6210', '#0b6e70', '#962a40']

/** How the n-th team is drawn. */
export function teamLook(index: number): Look {
  return { colour: TEAMS[index % TEAMS.length]!, shape: OUTLINES[(index + Math.floor(index / TEAMS.length)) % OUTLINES.length]!, sign: '' }
}

/** Name of the picture of a rank in a team; without a rank, the mark of a group. */
export const rankIcon = (team: number, rank?: number) => `rank/${team}/${rank ?? ''}`

const SCALE = 3 // pixels for each unit of the box, for dense screens

function draw(look: Look, text: string): ImageData {
  const canvas = document.createElement('canvas')
  const side = 20 * SCALE
  canvas.width = canvas.height = side
  const pen = canvas.getContext('2d')!
  pen.scale(SCALE, SCALE)
  pen.translate(2, 2)
  const outline = new Path2D(look.shape)
  pen.lineJoin = 'round'
  pen.strokeStyle = '#ffffff'
  pen.lineWidth = 3
  pen.stroke(outline)
  pen.fillStyle = look.colour
  pen.fill(outline)
  pen.lineWidth = 1.9
  pen.lineCap = 'round'
  if (look.sign) pen.stroke(new Path2D(look.sign))
  if (text) {
    pen.fillStyle = '#ffffff'
    pen.font = `bold ${text.length > 2 ? 6.5 : 8.5}px system-ui, sans-serif`
    pen.textAlign = 'center'
    pen.textBaseline = 'middle'
    pen.fillText(text, 8, 8.6)
  }
  return pen.getImageData(0, 0, side, side)
}

/** The picture of a name: a state, or `rankIcon`. */
export function iconOf(name: string): { data: ImageData; pixelRatio: number } | null {
  const [, team, rank] = /^rank\/(\d+)\/(\d*)$/.exec(name) ?? []
  const look = team === undefined ? STATES[name as State] : teamLook(Number(team))
  return look ? { data: draw(look, rank ?? ''), pixelRatio: SCALE } : null
}
