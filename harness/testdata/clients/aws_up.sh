# Makes an EKS cluster `demo` with the AWS CLI, as its user guide does. It knows no simulator.
set -eu

q() { aws "$@" --output text; }

# IAM and EC2 tell other calls of what was just made some seconds late: the same call again, for a while.
again() {
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do
    if "$@" 2> /dev/null; then return; fi
    sleep 0.3
  done
  "$@"
}

trust() {
  echo '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"'"$1"'.amazonaws.com"},
    "Action":"sts:AssumeRole"}]}'
}

vpc=$(q ec2 create-vpc --cidr-block 10.0.0.0/16 --query Vpc.VpcId \
  --tag-specifications 'ResourceType=vpc,Tags=[{Key=Name,Value=demo}]')
again aws ec2 modify-vpc-attribute --vpc-id "$vpc" --enable-dns-hostnames '{"Value":true}'
gateway=$(q ec2 create-internet-gateway --query InternetGateway.InternetGatewayId)
again aws ec2 attach-internet-gateway --vpc-id "$vpc" --internet-gateway-id "$gateway"
table=$(q ec2 create-route-table --vpc-id "$vpc" --query RouteTable.RouteTableId)
again aws ec2 create-route --route-table-id "$table" --destination-cidr-block 0.0.0.0/0 \
  --gateway-id "$gateway" > /dev/null
subnets=
for zone in a b; do
  block=10.0.$([ $zone = a ] && echo 1 || echo 2).0/24
  subnet=$(q ec2 create-subnet --vpc-id "$vpc" --cidr-block "$block" --query Subnet.SubnetId \
    --availability-zone "$AWS_REGION$zone")
  again aws ec2 wait subnet-available --subnet-ids "$subnet"
  aws ec2 modify-subnet-attribute --subnet-id "$subnet" --map-public-ip-on-launch
  again aws ec2 associate-route-table --route-table-id "$table" --subnet-id "$subnet" > /dev/null
  subnets="$subnets $subnet"
done

cluster_role=$(q iam create-role --role-name demo-cluster --query Role.Arn \
  --assume-role-policy-document "$(trust eks)")
aws iam attach-role-policy --role-name demo-cluster --policy-arn arn:aws:iam::aws:policy/AmazonEKSClusterPolicy
node_role=$(q iam create-role --role-name demo-node --query Role.Arn \
  --assume-role-policy-document "$(trust ec2)")
for policy in AmazonEKSWorkerNodePolicy AmazonEKS_CNI_Policy AmazonEC2ContainerRegistryReadOnly; do
  aws iam attach-role-policy --role-name demo-node --policy-arn "arn:aws:iam::aws:policy/$policy"
done
aws iam wait role-exists --role-name demo-node

# shellcheck disable=SC2086 # a list of words
again aws eks create-cluster --name demo --role-arn "$cluster_role" --kubernetes-version 1.34 \
  --resources-vpc-config "subnetIds=$(echo $subnets | tr ' ' ,)" > /dev/null
# The CLI's own waiter looks every 30 real seconds: it is asked when it has not to wait.
until [ "$(q eks describe-cluster --name demo --query cluster.status)" = ACTIVE ]; do sleep 0.2; done
aws eks wait cluster-active --name demo
# shellcheck disable=SC2086
aws eks create-nodegroup --cluster-name demo --nodegroup-name main --node-role "$node_role" \
  --subnets $subnets --scaling-config minSize=1,maxSize=2,desiredSize=2 --instance-types t3.medium > /dev/null
state() { q eks describe-nodegroup --cluster-name demo --nodegroup-name main --query nodegroup.status; }
until [ "$(state)" = ACTIVE ]; do sleep 0.2; done
aws eks wait nodegroup-active --cluster-name demo --nodegroup-name main
[ "$(q eks list-nodegroups --cluster-name demo --query 'nodegroups[0]')" = main ]
aws eks update-kubeconfig --name demo > /dev/null
aws eks get-token --cluster-name demo --query kind --output text | grep -x ExecCredential > /dev/null
