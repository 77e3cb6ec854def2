// OpenUI's AgentInterface on a page of another origin. The fragment of the address names the server and the token.
import { agUIAdapter, fetchLLM, restStorage, useThreadList } from "@openuidev/react-headless";
import { AgentInterface } from "@openuidev/react-ui";
import "@openuidev/react-ui/components.css";
import "@openuidev/react-ui/index.css";
import { createRoot } from "react-dom/client";

const { server, token } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
const headers = { Authorization: `Bearer ${token}` };
const llm = fetchLLM({ url: `${server}/api/ag-ui`, streamAdapter: agUIAdapter(), headers });
const storage = restStorage({ baseUrl: `${server}/api/openui/threads`, headers });

// Its thread list has no button for a new title, only the action.
function Rename() {
  const { threads, updateThread } = useThreadList();
  return <button onClick={() => updateThread({ ...threads[0], title: "A new title" })}>Rename</button>;
}

createRoot(document.getElementById("root")).render(
  <AgentInterface llm={llm} storage={storage}>
    <AgentInterface.Sidebar>
      <AgentInterface.SidebarContent>
        <AgentInterface.NewChatButton />
        <AgentInterface.ThreadList />
        <Rename />
      </AgentInterface.SidebarContent>
    </AgentInterface.Sidebar>
  </AgentInterface>,
);
