# Removes what aws_up.sh made, in the order that AWS accepts.
set -eu

q() { aws "$@" --output text; }

aws eks delete-nodegroup --cluster-name demo --nodegroup-name main > /dev/null
while aws eks describe-nodegroup --cluster-name demo --nodegroup-name main > /dev/null 2>&1; do sleep 0.2; done
aws eks wait nodegroup-deleted --cluster-name demo --nodegroup-name main
aws eks delete-cluster --name demo > /dev/null
while aws eks describe-cluster --name demo > /dev/null 2>&1; do sleep 0.2; done
aws eks wait cluster-deleted --name demo

vpc=$(q ec2 describe-vpcs --filters Name=tag:Name,Values=demo --query 'Vpcs[0].VpcId')
inside="Name=vpc-id,Values=$vpc"
# Interfaces of the cluster outlive it by minutes.
while [ -n "$(q ec2 describe-network-interfaces --filters "$inside" --query 'NetworkInterfaces[].Status')" ]; do
  sleep 0.2
done
for subnet in $(q ec2 describe-subnets --filters "$inside" --query 'Subnets[].SubnetId'); do
  aws ec2 delete-subnet --subnet-id "$subnet"
done
for table in $(q ec2 describe-route-tables --filters "$inside" \
  --query 'RouteTables[?!not_null(Associations[?Main].Main | [0])].RouteTableId'); do
  aws ec2 delete-route-table --route-table-id "$table"
done
for gateway in $(q ec2 describe-internet-gateways --filters "Name=attachment.vpc-id,Values=$vpc" \
  --query 'InternetGateways[].InternetGatewayId'); do
  aws ec2 detach-internet-gateway --internet-gateway-id "$gateway" --vpc-id "$vpc"
  aws ec2 delete-internet-gateway --internet-gateway-id "$gateway"
done
aws ec2 delete-vpc --vpc-id "$vpc"
for role in demo-cluster demo-node; do
  for policy in $(q iam list-attached-role-policies --role-name $role --query 'AttachedPolicies[].PolicyArn'); do
    aws iam detach-role-policy --role-name $role --policy-arn "$policy"
  done
  aws iam delete-role --role-name $role
done
