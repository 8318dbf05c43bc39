//! `mira export`.

use mira_protocol::operation::OperationRef;
use mira_protocol::{Failure, calls};

use super::write_out;
use crate::args::ExportArgs;
use crate::client::Client;

pub async fn run(client: &Client, args: ExportArgs) -> Result<u8, Failure> {
    let operation = OperationRef {
        operation_id: args.operation.into(),
    };
    let scenario = client.call(calls::OperationExport(operation)).await?;
    write_out(&args.output, &scenario.yaml)?;
    Ok(0)
}
