import { useState } from "react";

type Props = { name: string; onClose: () => void };

/** A page with a name. */
export const Page = ({ name, onClose }: Props) => {
  const [open, setOpen] = useState(false);
  return (
    <Layout.Main title="The page of a shop">
      {open && <Row key={name} onClick={() => setOpen(true)} />}
      <button onClick={onClose}>Close it</button>
    </Layout.Main>
  );
};

export default function Row(props: Props) {
  return <tr>{props.name}</tr>;
}
