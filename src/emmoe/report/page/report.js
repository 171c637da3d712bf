// Starts the page: reads its data, brings figures and tables to life, follows addresses.

function fillTables(data) {
  for (const details of document.querySelectorAll("details[data-table]")) {
    const { columns, cells, numeric } = data.tables[details.dataset.table];
    const rows = () => cells[0].map((_, row) => cells.map((column) => column[row]));
    filledWhenOpened(details, () => tableOf(columns, rows(), words(details.dataset.table), numeric));
  }
}

// An address's place as text, as it stands where it is none that a browser would write.
function decoded(hash) {
  try {
    return decodeURIComponent(hash.slice(1));
  } catch {
    return hash.slice(1);
  }
}

// `emmoe report --open` names in the address what changed since the page was made.
function tellChanges(names) {
  const note = document.getElementById("changed");
  note.textContent = `Changed since this page was made: ${names.join(", ")}. Run make figures to make it again.`;
  note.hidden = false;
}

function follow(claims) {
  const name = decoded(location.hash);
  if (name.startsWith("changed=")) return tellChanges(name.slice("changed=".length).split(","));
  if (name.startsWith("claim-")) return claims.open(name.slice("claim-".length));
  const target = document.getElementById(name);
  target?.closest("details")?.setAttribute("open", "");
  target?.scrollIntoView();
}

async function start() {
  const data = await readData();
  const claims = claimsTable(data);
  fillTables(data);
  liveFigures(data);
  searchBox(data, (id) => {
    history.pushState(null, "", `#${encodeURIComponent(id)}`);
    follow(claims);
  });
  addEventListener("hashchange", () => follow(claims));
  if (location.hash) follow(claims);
  document.documentElement.dataset.ready = Math.round(performance.now());
}

start();
